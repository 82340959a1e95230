"""The rules for logout tokens (OpenID Connect Back-Channel Logout section 2.6). Time is an argument.

https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchword.jose import claims as rules
from watchword.jose import jws
from watchword.jose.errors import ClaimError, JOSEError, TokenExpiredError, TypeMismatchError
from watchword.jose.json_object import decode_object
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.verify.errors import ClaimInvalidError, from_jose
from watchword.verify.id_token import DEFAULT_ALGORITHMS
from watchword.verify.replay import ReplayStore, is_first_use, replay_key

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
MAX_SESSION_ID_CHARACTERS = 255
MAX_AGE = 120.0  # seconds, however late it says that it expires: what is remembered of used ones ends with a process


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whom the issuer has signed out: at least one of ``sub`` and ``sid`` is there.

    Args:
        issuer: who says so.
        sub: the user; with no ``sid``, all their sessions at this client have ended.
        sid: the one session that has ended, as the ID token named it.
        jti: names this token.
        issued_at: UTC epoch seconds.
    """

    issuer: str
    sub: str | None
    sid: str | None
    jti: str
    issued_at: float


def verify_logout_token(
    token: str,
    keys: Key | KeySet,
    *,
    issuer: str,
    client_id: str,
    now: float,
    seen: ReplayStore,
    algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
    leeway: float = 0.0,
) -> LogoutToken:
    """Who is to be signed out, if the token proves that the issuer asks for it.

    Args:
        token: the form field ``logout_token``.
        keys: the issuer's keys.
        issuer: what ``iss`` must equal.
        client_id: what ``aud`` must hold.
        now: UTC epoch seconds.
        seen: remembers which tokens have come; one for all calls, such as a `ProcessReplays`.
        algorithms: what the client registered as ``id_token_signed_response_alg``; RS256 unless it chose another.
        leeway: seconds for which an expired token is still taken.

    Raises:
        InvalidTokenError: which of its kinds says why.
        UnavailableError: ``seen`` cannot say whether it came before.
    """
    rules.check_leeway(leeway)
    try:
        message = jws.verify(token, keys, algorithms=algorithms)
        # Issuers from before the type was registered state none, or JWT: then `events` alone tells what it is.
        if message.header.kind not in {TYPE, "jwt", None}:
            raise TypeMismatchError("the token is not of the expected type")
        claims = decode_object(message.payload)
        _check_event(claims)
        rules.check_issuer(claims, expected=issuer)
        rules.check_audience(claims, expected=client_id)
        expires_at = rules.check_expiry(claims, now=now, leeway=leeway)
        rules.check_not_before(claims, now=now, leeway=leeway)
        issued_at = rules.check_issued_at(claims, now=now, leeway=leeway)
        if now - issued_at > MAX_AGE + leeway:
            raise TokenExpiredError("the token is too old for a logout", claim="iat")
        jti = rules.text(claims, "jti", max_characters=rules.MAX_TOKEN_ID_CHARACTERS)
        sub, sid = _ended(claims)
    except JOSEError as error:
        raise from_jose(error) from error
    if not is_first_use(seen, replay_key("logout", issuer, jti), expires_at + leeway):
        raise ClaimInvalidError("the token was used before", claim="jti")
    return LogoutToken(issuer, sub, sid, jti, issued_at)


def _check_event(claims: Mapping[str, Any]) -> None:
    """Section 2.4: what makes it a logout token, and what would make it an ID token (THREATS J65)."""
    events = rules.required(claims, "events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TypeMismatchError("the token does not tell of a logout")
    if "nonce" in claims:
        raise ClaimError("the claim `nonce` must not stand in a logout token", claim="nonce")


def _ended(claims: Mapping[str, Any]) -> tuple[str | None, str | None]:
    if "sub" not in claims and "sid" not in claims:
        raise ClaimError("the token names neither a user nor a session", claim="sub")
    sub = rules.text(claims, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS) if "sub" in claims else None
    sid = rules.text(claims, "sid", max_characters=MAX_SESSION_ID_CHARACTERS) if "sid" in claims else None
    return sub, sid
