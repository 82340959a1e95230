"""Marks by which one shape of token is told from another: statements about claims, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Mark(Protocol):
    """Something that holds of a token's claims or not."""

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Whether it does; never raises, whatever the claims are."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """``claim`` is one of these strings."""

    claim: str
    values: frozenset[str]

    def holds(self, claims: Mapping[str, Any]) -> bool:
        value = claims.get(self.claim)
        return isinstance(value, str) and value in self.values


@dataclass(frozen=True, slots=True)
class Same:
    """Two claims are one and the same string; ``suffix`` comes behind the second."""

    claim: str
    other: str
    suffix: str = ""

    def holds(self, claims: Mapping[str, Any]) -> bool:
        value, other = claims.get(self.claim), claims.get(self.other)
        return isinstance(value, str) and isinstance(other, str) and value == other + self.suffix
