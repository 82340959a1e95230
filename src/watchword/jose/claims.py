"""Rules about the registered claims (RFC 7519 section 4.1; THREATS J55-J70). Time is an argument.

A claim that is present and not what it must be is an error, never the same as absent (THREATS J56).
"""

from collections.abc import Mapping
from typing import Any

from watchword.jose.errors import (
    AudienceMismatchError,
    ClaimError,
    IssuerMismatchError,
    TokenExpiredError,
    TokenNotYetValidError,
)

TIME_CLAIMS = ("exp", "nbf", "iat", "auth_time")
MAX_LEEWAY = 300.0
FUTURE_TOLERANCE = 10.0  # seconds an issuer's clock may run ahead of ours; FAPI 2.0 section 5.3.2.1 wants 10
END_OF_TIME = 253402300799  # 9999-12-31T23:59:59Z
MAX_SUBJECT_CHARACTERS = 255
MAX_TOKEN_ID_CHARACTERS = 128


def check_leeway(leeway: float) -> float:
    """``leeway`` in seconds, if it is between 0 and 300 (THREATS J59).

    Raises:
        ValueError: it is not.
    """
    if isinstance(leeway, bool) or not isinstance(leeway, int | float) or not 0 <= leeway <= MAX_LEEWAY:
        raise ValueError(f"leeway is between 0 and {MAX_LEEWAY:.0f} seconds")
    return float(leeway)


def numeric_date(claims: Mapping[str, Any], name: str) -> float:
    """The time ``name`` in seconds since the UTC epoch: an integer or a finite float, never a string.

    Raises:
        ClaimError: absent, or not a time between 1970 and 9999.
    """
    value = required(claims, name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimError(f"the claim `{name}` is not a number", claim=name)
    if not 0 <= value <= END_OF_TIME:  # NaN and the infinities do not lie between either
        raise ClaimError(f"the claim `{name}` is not a time", claim=name)
    return float(value)


def required(claims: Mapping[str, Any], name: str) -> Any:
    """The value of ``name``.

    Raises:
        ClaimError: absent.
    """
    if name not in claims:
        raise ClaimError(f"the claim `{name}` is missing", claim=name)
    return claims[name]


def text(claims: Mapping[str, Any], name: str, *, max_characters: int) -> str:
    """The non-empty string ``name``.

    Raises:
        ClaimError: absent, not a string, empty, or too long.
    """
    value = required(claims, name)
    if not isinstance(value, str) or not 0 < len(value) <= max_characters:
        raise ClaimError(f"the claim `{name}` is not a string of 1 to {max_characters} characters", claim=name)
    return value


def texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The list of non-empty strings ``name``.

    Raises:
        ClaimError: absent, or anything else.
    """
    value = required(claims, name)
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ClaimError(f"the claim `{name}` is not a list of strings", claim=name)
    return tuple(value)


def check_expiry(claims: Mapping[str, Any], *, now: float, leeway: float = 0.0) -> float:
    """``exp``, if ``now`` is before it: on the second itself the token has expired (THREATS J57, J58).

    Raises:
        ClaimError: absent or not a time.
        TokenExpiredError: it has passed.
    """
    expires_at = numeric_date(claims, "exp")
    if now >= expires_at + leeway:
        raise TokenExpiredError("the token has expired", claim="exp")
    return expires_at


def check_not_before(claims: Mapping[str, Any], *, now: float, leeway: float = 0.0) -> float:
    """``nbf``, where present, must not lie further ahead than a clock may differ (THREATS J60).

    Returns:
        It, in seconds since the UTC epoch; 0 where absent.

    Raises:
        ClaimError: not a time.
        TokenNotYetValidError: it lies ahead.
    """
    return _refuse_future(claims, "nbf", now=now, leeway=leeway) if "nbf" in claims else 0.0


def check_issued_at(claims: Mapping[str, Any], *, now: float, leeway: float = 0.0) -> float:
    """``iat``, which must not lie further ahead than a clock may differ.

    Raises:
        ClaimError: absent or not a time.
        TokenNotYetValidError: it lies ahead.
    """
    return _refuse_future(claims, "iat", now=now, leeway=leeway)


def _refuse_future(claims: Mapping[str, Any], name: str, *, now: float, leeway: float) -> float:
    moment = numeric_date(claims, name)
    if moment > now + max(leeway, FUTURE_TOLERANCE):
        raise TokenNotYetValidError("the token is not valid yet", claim=name)
    return moment


def check_issuer(claims: Mapping[str, Any], *, expected: str) -> None:
    """``iss`` equals ``expected`` byte for byte (THREATS J55, J62).

    Raises:
        ClaimError: absent or not a string.
        IssuerMismatchError: another issuer.
    """
    issuer = required(claims, "iss")
    if not isinstance(issuer, str):
        raise ClaimError("the claim `iss` is not a string", claim="iss")
    if issuer != expected:
        raise IssuerMismatchError("the token is from another issuer", claim="iss")


def audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The members of ``aud``, which is a string or a list of them (RFC 7519 section 4.1.3).

    Raises:
        ClaimError: absent, empty or of another type (THREATS J61).
    """
    value = required(claims, "aud")
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    raise ClaimError("the claim `aud` is not a string or a list of strings", claim="aud")


def check_audience(claims: Mapping[str, Any], *, expected: str) -> tuple[str, ...]:
    """``aud`` holds ``expected`` as one exact member.

    Raises:
        ClaimError: absent or of the wrong type.
        AudienceMismatchError: the token was made for somebody else.
    """
    members = audiences(claims)
    if expected not in members:
        raise AudienceMismatchError("the token is for another audience", claim="aud")
    return members
