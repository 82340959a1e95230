"""``client_secret_post``: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"""

from watchword.issuer.client_auth.method import PresentedCredentials
from watchword.oauth.errors import InvalidClientError
from watchword.oauth.parameters import Parameters


class ClientSecretPost:
    """Id and secret in the form."""

    name = "client_secret_post"

    def present(self, authorization: str | None, parameters: Parameters) -> PresentedCredentials | None:
        """See `ClientAuthMethod.present`."""
        del authorization
        secret = parameters.get("client_secret")
        if secret is None:
            return None
        client_id = parameters.get("client_id")
        if client_id is None:
            raise InvalidClientError("the form holds a secret but no client_id")
        return PresentedCredentials(client_id, secret)
