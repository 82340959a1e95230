"""``client_secret_post``: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1"""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from watchword.client.authentication.method import Credential, check_secret
from watchword.client.token_endpoint import FormPost


@dataclass(frozen=True)
class ClientSecretPost:
    """The client's id and secret as fields of the form."""

    method: ClassVar[str] = "client_secret_post"
    credential: ClassVar[Credential] = "client_secret"

    client_id: str
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        check_secret(self.client_secret)

    def apply(self, form: FormPost, *, issuer: str, now: float) -> FormPost:
        """See `ClientAuthentication`."""
        del issuer, now
        own = (("client_id", self.client_id), ("client_secret", self.client_secret))
        return replace(form, fields=(*form.fields, *own))
