"""``none``: a public client names itself and proves nothing. https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1"""

from watchword.issuer.client_auth.method import PresentedCredentials
from watchword.oauth.parameters import Parameters


class NoAuthentication:
    """Only an id in the form, and nothing that would be another method."""

    name = "none"

    def present(self, authorization: str | None, parameters: Parameters) -> PresentedCredentials | None:
        """See `ClientAuthMethod.present`."""
        client_id = parameters.get("client_id")
        if authorization is not None or client_id is None or "client_secret" in parameters:
            return None
        return PresentedCredentials(client_id, None)
