"""Access tokens of the right shape, to be spoilt one claim at a time."""

from typing import Any

from watchword.jose import Key, jwt

NOW = 1_790_000_000
ISSUER = "https://auth.example.com"
API = "https://api.example.com"


class _Absent:
    """Takes a claim away; named the same in every process, as the names of tests must be."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token with ``changes``; `ABSENT` takes one away."""
    good = {
        "iss": ISSUER,
        "aud": API,
        "sub": "user-1",
        "client_id": "client-1",
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "token-1",
        "scope": "orders:read orders:write",
        "roles": ["staff"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def access_token(key: Key, *, typ: str = "at+jwt", **changes: Any) -> str:
    """A signed access token."""
    return jwt.encode(claims(**changes), key, typ=typ)
