"""What a request must be allowed to do, as values; a refusal says what is missing.

    require=requirements(scopes=["orders:write"], acr_values=["urn:example:mfa"], max_age=300)

A scope, role or condition that is lacking is refused for good (403), a token for another audience like any token that
is not for us (401). A sign-in that is too old or too weak can be repeated: the refusal then asks for that (401,
RFC 9470).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from watchword.jose import claims as rules
from watchword.jose.errors import ClaimError
from watchword.oauth.scope import is_scope_token
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import (
    AudienceMismatchError,
    RoleMissingError,
    ScopeMissingError,
    StepUpError,
)


class Requirement(Protocol):
    """Something that verified claims fulfil or not."""

    def check(self, claims: VerifiedClaims, *, now: float) -> None:
        """Return if ``claims`` fulfil it.

        Args:
            claims: of a token that was verified.
            now: UTC epoch seconds.

        Raises:
            RequirementError: they do not, and it says what is missing.
            AudienceMismatchError: they are for another audience.
            StepUpError: they would, after another sign-in.
        """
        ...


@dataclass(frozen=True, slots=True)
class Scopes:
    """Every one of these scopes."""

    names: tuple[str, ...]

    def check(self, claims: VerifiedClaims, *, now: float) -> None:
        del now
        if not claims.scopes.issuperset(self.names):
            missing = [name for name in self.names if name not in claims.scopes]
            raise ScopeMissingError(
                "the token lacks the scope " + _listed(missing), required=self.names, missing=missing
            )


@dataclass(frozen=True, slots=True)
class Roles:
    """Every one of these roles."""

    names: tuple[str, ...]

    def check(self, claims: VerifiedClaims, *, now: float) -> None:
        del now
        missing = [name for name in self.names if name not in claims.roles]
        if missing:
            raise RoleMissingError(
                "the token's subject lacks the role " + _listed(missing), required=self.names, missing=missing
            )


@dataclass(frozen=True, slots=True)
class Audience:
    """Made for this one of the API's audiences, where it has several."""

    name: str

    def check(self, claims: VerifiedClaims, *, now: float) -> None:
        del now
        # A profile whose tokens may lack ``aud`` lets the client's name stand for it.
        members = rules.audiences(claims) if "aud" in claims else (claims.client_id,)
        if self.name not in members:
            raise AudienceMismatchError("the token is for another audience", claim="aud")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that is strong and recent enough. What lacks is asked for as a whole, so that one repetition is
    enough: https://www.rfc-editor.org/rfc/rfc9470#section-3

    Args:
        acr_values: the authentication context (``acr``) is one of them; best first.
        amr: every one of these methods was used (RFC 8176). A challenge has no word for them.
        max_age: seconds since the sign-in; 0 is enforced, and an unknown age is too great (THREATS J70).
    """

    acr_values: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    max_age: int | None = None

    def check(self, claims: VerifiedClaims, *, now: float) -> None:
        lacking = [
            name
            for name, holds in (
                ("acr", self._is_strong(claims)),
                ("amr", self._has_methods(claims)),
                ("auth_time", self._is_recent(claims, now)),
            )
            if not holds
        ]
        if lacking:
            raise StepUpError(
                "another sign-in is needed, for the sake of " + _listed(lacking),
                acr_values=self.acr_values,
                max_age=self.max_age,
            )

    def _is_strong(self, claims: VerifiedClaims) -> bool:
        return not self.acr_values or claims.get("acr") in self.acr_values

    def _has_methods(self, claims: VerifiedClaims) -> bool:
        used = claims.get("amr", [])
        return not self.amr or (isinstance(used, list) and all(name in used for name in self.amr))

    def _is_recent(self, claims: VerifiedClaims, now: float) -> bool:
        if self.max_age is None:
            return True
        try:
            signed_in_at = rules.numeric_date(claims, "auth_time")
        except ClaimError:
            return False
        # A sign-in that is yet to come would be recent for ever.
        return now - signed_in_at <= self.max_age and signed_in_at <= now + rules.FUTURE_TOLERANCE


def requirements(
    *,
    scopes: Sequence[str] = (),
    roles: Sequence[str] = (),
    audience: str | None = None,
    acr_values: Sequence[str] = (),
    amr: Sequence[str] = (),
    max_age: int | None = None,
) -> tuple[Requirement, ...]:
    """Everything that is named, as requirements.

    Args:
        scopes: all of them.
        roles: all of them.
        audience: which of the API's audiences, where it has several.
        acr_values: any one of them, best first.
        amr: all of them.
        max_age: seconds that may have passed since the person signed in.

    Raises:
        TypeError: one string was given instead of a sequence, and would be taken letter by letter, or a name is no
            string.
        ValueError: a name is empty or cannot be told to clients, or ``max_age`` is negative.
    """
    chosen: list[Requirement] = []
    # What is refused for good comes first: nobody should sign in again to be told that it was no use.
    if audience is not None:
        chosen.append(Audience(_names("audience", [audience])[0]))
    if scopes := _words("scopes", scopes):
        chosen.append(Scopes(scopes))
    if roles := _names("roles", roles):
        chosen.append(Roles(roles))
    sign_in = SignIn(_words("acr_values", acr_values), _names("amr", amr), _seconds(max_age))
    if sign_in != SignIn():
        chosen.append(sign_in)
    return tuple(chosen)


def check(claims: VerifiedClaims, required: Iterable[Requirement], *, now: float) -> VerifiedClaims:
    """``claims``, if they fulfil everything in ``required``.

    Args:
        claims: of a token that was verified.
        required: in the order in which they are looked at.
        now: UTC epoch seconds.

    Raises:
        RequirementError, StepUpError: the first that they do not fulfil.
    """
    for requirement in required:
        requirement.check(claims, now=now)
    return claims


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _names(option: str, given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str | bytes):
        raise TypeError(f"{option} is a sequence of names, not one string")
    names = tuple(given)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"{option} is a sequence of strings")
    if not all(names):
        raise ValueError(f"{option} holds an empty name")
    return names


def _words(option: str, given: Sequence[str]) -> tuple[str, ...]:
    """Names that stand beside one another with spaces between, in tokens and in challenges (RFC 6749 section 3.3)."""
    names = _names(option, given)
    if not all(is_scope_token(name) for name in names):
        raise ValueError(f"{option} holds a name with a space, a quote, or another character that none may have")
    return names


def _seconds(max_age: int | None) -> int | None:
    if max_age is None:
        return None
    if isinstance(max_age, bool) or not isinstance(max_age, int):
        raise TypeError("max_age is a whole number of seconds")
    if max_age < 0:
        raise ValueError("max_age is not negative")
    return max_age
