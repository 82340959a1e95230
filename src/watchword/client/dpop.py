"""Proofs that a request comes from whom the token was given to: DPoP, seen from the client.

https://www.rfc-editor.org/rfc/rfc9449#section-4 and, for nonces, sections 8 and 9
"""

import re
import secrets
from collections.abc import Mapping

from watchword.client.errors import ClientSettingsError
from watchword.client.origins import Origin
from watchword.clock import Clock
from watchword.jose import jwt
from watchword.jose.jwk import Key
from watchword.oauth.dpop import PROOF_TYPE, ath, normal_uri

USE_NONCE = "use_dpop_nonce"
_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,512}\Z")
_MAX_ORIGINS = 64


class Proofs:
    """Makes proofs with one key, and remembers which nonce each origin wants in them.

    Args:
        key: a private key of a pair; tokens asked for with it are bound to it.
        clock: for ``iat``.

    Raises:
        ClientSettingsError: ``key`` cannot make proofs.
    """

    def __init__(self, key: Key, clock: Clock) -> None:
        if not isinstance(key, Key) or key.is_symmetric or not key.is_private:
            raise ClientSettingsError("dpop_key is a private key of a pair, as Key.generate makes one")
        self._key = key
        self._clock = clock
        self._nonces: dict[Origin, str] = {}

    def proof(self, method: str, url: str, origin: Origin, *, access_token: str | None = None) -> str:
        """A proof for one request, never to be sent twice.

        Args:
            method: of the request.
            url: of the request; query and fragment are left out.
            origin: of ``url``; the nonce it gave last goes in.
            access_token: the token the request carries; None at the token endpoint.
        """
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": normal_uri(url),
            "iat": int(self._clock.now()),
        }
        if access_token is not None:
            claims["ath"] = ath(access_token)
        nonce = self._nonces.get(origin)
        if nonce is not None:
            claims["nonce"] = nonce
        return jwt.encode(claims, self._key, typ=PROOF_TYPE, embed_public_key=True)

    def remember(self, origin: Origin, headers: Mapping[str, str]) -> bool:
        """Keep the nonce that ``origin`` gave, if it gave one; whether it gave one that is new."""
        nonce = headers.get("dpop-nonce")
        if nonce is None or not _NONCE.match(nonce) or self._nonces.get(origin) == nonce:
            return False
        if len(self._nonces) >= _MAX_ORIGINS:
            self._nonces = {}  # rare, and costs each origin one further request; so that no lock is needed
        self._nonces[origin] = nonce
        return True
