"""What a request must be allowed to do, as values; a refusal says what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import RoleMissingError, ScopeMissingError


class Requirement(Protocol):
    """Something that verified claims fulfil or not."""

    def check(self, claims: VerifiedClaims) -> None:
        """Return if ``claims`` fulfil it.

        Raises:
            RequirementError: they do not; it says what is missing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Scopes:
    """Every one of these scopes."""

    names: tuple[str, ...]

    def check(self, claims: VerifiedClaims) -> None:
        missing = [name for name in self.names if name not in claims.scopes]
        if missing:
            raise ScopeMissingError(
                "the token lacks the scope " + _listed(missing), required=self.names, missing=missing
            )


@dataclass(frozen=True, slots=True)
class Roles:
    """Every one of these roles."""

    names: tuple[str, ...]

    def check(self, claims: VerifiedClaims) -> None:
        missing = [name for name in self.names if name not in claims.roles]
        if missing:
            raise RoleMissingError(
                "the token's subject lacks the role " + _listed(missing), required=self.names, missing=missing
            )


def requirements(*, scopes: Sequence[str] = (), roles: Sequence[str] = ()) -> tuple[Requirement, ...]:
    """The requirement of all ``scopes`` and all ``roles``.

    Raises:
        TypeError: one string was given instead of a sequence, and would be taken letter by letter.
    """
    if isinstance(scopes, str) or isinstance(roles, str):
        raise TypeError("scopes and roles are sequences of names, not one string")
    chosen: list[Requirement] = []
    if scopes:
        chosen.append(Scopes(tuple(scopes)))
    if roles:
        chosen.append(Roles(tuple(roles)))
    return tuple(chosen)


def check(claims: VerifiedClaims, required: Iterable[Requirement]) -> VerifiedClaims:
    """``claims``, if they fulfil everything in ``required``.

    Raises:
        RequirementError: the first that they do not fulfil.
    """
    for requirement in required:
        requirement.check(claims)
    return claims


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
