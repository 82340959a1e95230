"""STEP 4: claims that were verified, the only ones a service may act on."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any


class VerifiedClaims(Mapping[str, Any]):
    """Whom a token speaks for and what they may do, immutable. Only `watchword.verify` makes them.

    The attributes are what every token has; ``claims["x"]`` reads any other claim.
    """

    __slots__ = ("_claims", "client_id", "expires_at", "issuer", "roles", "scopes", "sub")

    _claims: dict[str, Any]
    issuer: str
    sub: str
    client_id: str
    scopes: frozenset[str]
    roles: frozenset[str]
    expires_at: float

    def __init__(
        self, claims: dict[str, Any], *, client_id: str, scopes: frozenset[str], roles: frozenset[str]
    ) -> None:
        put = object.__setattr__
        put(self, "_claims", claims)
        put(self, "issuer", claims["iss"])
        put(self, "sub", claims["sub"])
        put(self, "client_id", client_id)
        put(self, "scopes", scopes)
        put(self, "roles", roles)
        put(self, "expires_at", float(claims["exp"]))

    @property
    def claims(self) -> Mapping[str, Any]:
        """Every claim, read-only."""
        return MappingProxyType(self._claims)

    @property
    def is_client(self) -> bool:
        """Whether a client acts for itself, with no user behind it: its ``sub`` is its ``client_id`` (RFC 9068
        section 2.2; the two never share an id with a user, section 5).
        """
        return self.sub == self.client_id

    def __getitem__(self, name: str) -> Any:
        return self._claims[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("verified claims cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("verified claims cannot be changed")

    def __repr__(self) -> str:
        return f"<VerifiedClaims sub={self.sub!r} client_id={self.client_id!r} scopes={sorted(self.scopes)}>"
