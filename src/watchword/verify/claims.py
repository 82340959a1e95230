"""STEP 4: claims that were verified, the only ones a service may act on."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, NoReturn, Self

import msgspec

from watchword.verify.profile_reading import STANDARD, Reading


class VerifiedClaims(Mapping[str, Any]):
    """Whom a token speaks for and what they may do, immutable. Only `watchword.verify` makes them.

    The attributes are what every token has; ``claims["x"]`` reads any other claim. A claim that is a list or an object
    is handed out as a copy: the same claims may serve the next request.
    """

    __slots__ = ("_held", "_reading")

    _held: dict[str, Any] | msgspec.Struct
    _reading: Reading  # unset until somebody asks, where the claims are of the standard shape

    def __init__(
        self,
        claims: dict[str, Any],
        *,
        client_id: str,
        scopes: frozenset[str],
        roles: frozenset[str],
        is_client: bool | None = None,
    ) -> None:
        hold(self, claims)
        acts_for_itself = claims.get("sub", client_id) == client_id if is_client is None else is_client
        _set_reading(self, Reading(client_id, scopes, roles, acts_for_itself))

    @classmethod
    def read(cls, claims: dict[str, Any], reading: Reading) -> Self:
        """The same from what a profile read."""
        verified = _new(cls)
        hold(verified, claims)
        _set_reading(verified, reading)
        return verified

    @property
    def issuer(self) -> str:
        """Who signed it."""
        issuer: str = self._claims["iss"]
        return issuer

    @property
    def sub(self) -> str:
        """Whom the token speaks for; where an issuer leaves that out for clients, the client."""
        subject: str = self._claims.get("sub", self._read.client_id)
        return subject

    @property
    def client_id(self) -> str:
        """The client that got the token."""
        return self._read.client_id

    @property
    def scopes(self) -> frozenset[str]:
        """What was granted."""
        return self._read.scopes

    @property
    def roles(self) -> frozenset[str]:
        """What the subject is."""
        return self._read.roles

    @property
    def is_client(self) -> bool:
        """Whether a client acts for itself, with no user behind it. In RFC 9068 its ``sub`` is its ``client_id``
        (section 2.2; the two never share an id with a user, section 5).
        """
        return self._read.is_client

    @property
    def expires_at(self) -> float:
        """UTC epoch seconds."""
        return float(self._claims["exp"])

    @property
    def _claims(self) -> dict[str, Any]:
        held = self._held
        if isinstance(held, msgspec.Struct):
            held = dict(zip(held.__struct_encode_fields__, msgspec.structs.astuple(held), strict=True))
            hold(self, held)
        return held

    @property
    def _read(self) -> Reading:
        try:
            return self._reading
        except AttributeError:
            reading = STANDARD.read_claims(self._claims)
            _set_reading(self, reading)
            return reading

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

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        del memo
        return self

    def __reduce__(self) -> NoReturn:
        # What is read back from a queue or a cache was verified by nobody who reads it.
        raise TypeError("verified claims cannot be pickled: hand on the token, or what is needed of the claims")

    def __repr__(self) -> str:
        return f"<VerifiedClaims sub={self.sub!r} client_id={self.client_id!r} scopes={sorted(self.scopes)}>"


# The slots' own setters, past the `__setattr__` that refuses everybody else, and quicker than `object.__setattr__`. A
# new object that `hold` was given claims for is complete: they must be of the standard shape, each of the type that it
# should be, and what they say is read when it is asked for. In a struct every claim is a field.
hold = VerifiedClaims.__dict__["_held"].__set__
_set_reading = VerifiedClaims.__dict__["_reading"].__set__
_new = object.__new__
