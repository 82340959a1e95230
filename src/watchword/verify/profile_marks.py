"""Marks by which one kind of token is told from another: statements about a signed token, as values."""

from dataclasses import dataclass
from typing import Protocol

from watchword.jose.jwt import SignedClaims


class Mark(Protocol):
    """Something that holds of a token or not."""

    def holds(self, signed: SignedClaims) -> bool:
        """Whether it does; never raises, whatever the claims are."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """``claim`` is one of these strings."""

    claim: str
    values: frozenset[str]

    def holds(self, signed: SignedClaims) -> bool:
        value = signed.claims.get(self.claim)
        return isinstance(value, str) and value in self.values


@dataclass(frozen=True, slots=True)
class StartsWith:
    """``claim`` is a string that goes on after one of these beginnings."""

    claim: str
    beginnings: tuple[str, ...]

    def holds(self, signed: SignedClaims) -> bool:
        value = signed.claims.get(self.claim)
        return isinstance(value, str) and value.startswith(self.beginnings) and value not in self.beginnings


@dataclass(frozen=True, slots=True)
class Contains:
    """``claim`` is a string with ``part`` in it."""

    claim: str
    part: str

    def holds(self, signed: SignedClaims) -> bool:
        value = signed.claims.get(self.claim)
        return isinstance(value, str) and self.part in value


@dataclass(frozen=True, slots=True)
class HeaderOneOf:
    """The header's ``parameter`` is one of these strings."""

    parameter: str
    values: frozenset[str]

    def holds(self, signed: SignedClaims) -> bool:
        value = signed.header.members.get(self.parameter)
        return isinstance(value, str) and value in self.values


@dataclass(frozen=True, slots=True)
class Has:
    """Every one of these claims is there, as a string that is not empty."""

    claims: tuple[str, ...]

    def holds(self, signed: SignedClaims) -> bool:
        values = [signed.claims.get(claim) for claim in self.claims]
        return all(isinstance(value, str) and value for value in values)


@dataclass(frozen=True, slots=True)
class Lacks:
    """None of these claims is there, whatever its value."""

    claims: tuple[str, ...]

    def holds(self, signed: SignedClaims) -> bool:
        return not any(claim in signed.claims for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Same:
    """Two claims are one and the same string; ``suffix`` comes behind the second."""

    claim: str
    other: str
    suffix: str = ""

    def holds(self, signed: SignedClaims) -> bool:
        value, other = signed.claims.get(self.claim), signed.claims.get(self.other)
        return isinstance(value, str) and isinstance(other, str) and value == other + self.suffix


@dataclass(frozen=True, slots=True)
class NotInAudience:
    """``claim`` is a string, and ``aud`` does not hold it."""

    claim: str

    def holds(self, signed: SignedClaims) -> bool:
        value, audience = signed.claims.get(self.claim), signed.claims.get("aud")
        return isinstance(value, str) and value not in (audience if isinstance(audience, list) else [audience])


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these marks holds."""

    marks: tuple[Mark, ...]

    def holds(self, signed: SignedClaims) -> bool:
        return any(mark.holds(signed) for mark in self.marks)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these marks holds."""

    marks: tuple[Mark, ...]

    def holds(self, signed: SignedClaims) -> bool:
        return all(mark.holds(signed) for mark in self.marks)
