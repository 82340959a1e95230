"""Tokens for the API of `protected_api`."""

from typing import Any

from tests.frameworks.protected_api import API, ISSUER, KEY, NOW, Call

from watchword.jose import Key, jwt


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
