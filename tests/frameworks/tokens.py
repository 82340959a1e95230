"""Tokens for the API of `protected_api`, and proofs that go with those that are bound to a key."""

import secrets
from typing import Any

from tests.frameworks.protected_api import API, ISSUER, KEY, NOW, Call

from watchword.jose import Key, jwt
from watchword.oauth.dpop import ath

OWN_KEY = Key.generate("ES256")


def token(*, key: Key = KEY, **changes: Any) -> str:
    """A good token with ``changes``; None takes a claim away."""
    claims = {
        "iss": ISSUER,
        "aud": API,
        "sub": "user-1",
        "client_id": "client-1",
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "token-1",
        "scope": "orders:read",
        **changes,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, typ="at+jwt")


def bearer(text: str, operation: str = "read", query: str = "") -> Call:
    """A request with this token."""
    return Call(operation, (("Authorization", "Bearer " + text),), query)


def bound(**changes: Any) -> str:
    """A good token that is bound to `OWN_KEY`."""
    return token(cnf={"jkt": OWN_KEY.thumbprint()}, **changes)


def proof(text: str, target: str, **changes: Any) -> str:
    """A proof for ``text`` in a request of ``target``: its method and path."""
    method, path = target.split(" ")
    claims = {"jti": secrets.token_hex(8), "htm": method, "htu": API + path, "iat": NOW, "ath": ath(text), **changes}
    return jwt.encode(claims, OWN_KEY, typ="dpop+jwt", embed_public_key=True)
