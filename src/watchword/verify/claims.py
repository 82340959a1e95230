"""STEP 4: claims that were verified, the only ones a service may act on."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any


class VerifiedClaims(Mapping[str, Any]):
    """Whom a token speaks for and what they may do, immutable. Only `watchword.verify` makes them.

    The attributes are what every token has; ``claims["x"]`` reads any other claim. A claim that is a list or an object
    is handed out as a copy: the same claims may serve the next request.
    """

    __slots__ = ("_claims", "client_id", "expires_at", "is_client", "issuer", "roles", "scopes", "sub")

    _claims: dict[str, Any]
    issuer: str
    sub: str
    client_id: str
    scopes: frozenset[str]
    roles: frozenset[str]
    expires_at: float
    is_client: bool
    """Whether a client acts for itself, with no user behind it. In RFC 9068 its ``sub`` is its ``client_id`` (section
    2.2; the two never share an id with a user, section 5)."""

    def __init__(
        self,
        claims: dict[str, Any],
        *,
        client_id: str,
        scopes: frozenset[str],
        roles: frozenset[str],
        is_client: bool | None = None,
    ) -> None:
        _set_claims(self, claims)
        _set_issuer(self, claims["iss"])
        subject = claims.get("sub", client_id)
        _set_sub(self, subject)
        _set_client_id(self, client_id)
        _set_scopes(self, scopes)
        _set_roles(self, roles)
        _set_expires_at(self, float(claims["exp"]))
        _set_is_client(self, subject == client_id if is_client is None else is_client)

    @property
    def claims(self) -> Mapping[str, Any]:
        """Every claim, read-only."""
        return MappingProxyType(deepcopy(self._claims))

    def __getitem__(self, name: str) -> Any:
        value = self._claims[name]
        return deepcopy(value) if isinstance(value, dict | list) else value

    def __contains__(self, name: object) -> bool:
        return name in self._claims

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


# The slots' own setters, past the `__setattr__` that refuses everybody else, and quicker than `object.__setattr__`.
_set_claims = VerifiedClaims.__dict__["_claims"].__set__
_set_issuer = VerifiedClaims.__dict__["issuer"].__set__
_set_sub = VerifiedClaims.__dict__["sub"].__set__
_set_client_id = VerifiedClaims.__dict__["client_id"].__set__
_set_scopes = VerifiedClaims.__dict__["scopes"].__set__
_set_roles = VerifiedClaims.__dict__["roles"].__set__
_set_expires_at = VerifiedClaims.__dict__["expires_at"].__set__
_set_is_client = VerifiedClaims.__dict__["is_client"].__set__
