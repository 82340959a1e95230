"""``none``: a client that can keep no secret only says its name (https://www.rfc-editor.org/rfc/rfc6749#section-2.1)."""

from dataclasses import dataclass, replace
from typing import ClassVar

from watchword.client.authentication.method import Credential
from watchword.client.token_endpoint import FormPost


@dataclass(frozen=True)
class PublicClient:
    """The client's id as a field of the form, and nothing that proves it."""

    method: ClassVar[str] = "none"
    credential: ClassVar[Credential] = "none"

    client_id: str

    def apply(self, form: FormPost, *, issuer: str, now: float) -> FormPost:
        """See `ClientAuthentication`."""
        del issuer, now
        return replace(form, fields=(*form.fields, ("client_id", self.client_id)))
