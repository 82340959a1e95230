"""``private_key_jwt``: the client signs who it is; nothing that could be stolen at the issuer or on the way.

https://www.rfc-editor.org/rfc/rfc7523#section-3 https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
"""

import secrets
from dataclasses import dataclass, field, replace
from typing import ClassVar

from watchword.client.authentication.method import Credential
from watchword.client.errors import ClientSettingsError
from watchword.client.token_endpoint import FormPost
from watchword.jose import jwt
from watchword.jose.jwk import Key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 60  # seconds: one request


@dataclass(frozen=True)
class PrivateKeyJwt:
    """An assertion signed for this one request.

    Raises:
        ClientSettingsError: ``private_key`` is not a private key of a pair.
    """

    method: ClassVar[str] = "private_key_jwt"
    credential: ClassVar[Credential] = "private_key"

    client_id: str
    private_key: Key = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.private_key, Key) or self.private_key.is_symmetric or not self.private_key.is_private:
            raise ClientSettingsError("private_key is a private key whose public half the issuer knows")

    def apply(self, form: FormPost, *, issuer: str, now: float) -> FormPost:
        """See `ClientAuthentication`."""
        own = (
            ("client_id", self.client_id),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", self._assertion(issuer, int(now))),
        )
        return replace(form, fields=(*form.fields, *own))

    def _assertion(self, issuer: str, now: int) -> str:
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            # The issuer, as one text: whoever else is shown it cannot use it (THREATS O33, CVE-2025-27370).
            "aud": issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + LIFETIME,
        }
        return jwt.encode(claims, self.private_key, typ="client-authentication+jwt")
