"""What every method of client authentication is."""

from typing import ClassVar, Literal, Protocol

from watchword.client.errors import ClientSettingsError
from watchword.client.token_endpoint import FormPost

Credential = Literal["client_secret", "private_key", "none"]


class ClientAuthentication(Protocol):
    """One client, and how it shows that it is the one.

    ``method``: the registered name. ``credential``: what the constructor takes beside the ``client_id``.
    """

    method: ClassVar[str]
    credential: ClassVar[Credential]

    @property
    def client_id(self) -> str: ...

    def __init__(self, client_id: str) -> None: ...

    def apply(self, form: FormPost, *, issuer: str, now: float) -> FormPost:
        """``form`` with the client's credentials; for one request only.

        Args:
            form: a request to one of the issuer's endpoints.
            issuer: the issuer's name.
            now: UTC epoch seconds.
        """
        ...


def check_secret(client_secret: object) -> None:
    """Refuse at construction what could not be sent: the codec's own error would repeat the secret.

    Raises:
        ClientSettingsError: it is no text, or an empty one, or holds half characters, as a wrongly decoded one does.
    """
    if not isinstance(client_secret, str) or not client_secret:
        raise ClientSettingsError("client_secret is a text that is not empty")
    try:
        client_secret.encode()
    except UnicodeEncodeError:
        raise ClientSettingsError("client_secret is not Unicode") from None
