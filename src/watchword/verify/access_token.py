"""The rules for access tokens (RFC 9068 section 4, and what other issuers make of them).

No I/O; time is an argument.
"""

from collections.abc import Mapping
from typing import TypeVar

from watchword.jose import base64url
from watchword.jose import claims as rules
from watchword.jose.errors import IssuerMismatchError
from watchword.jose.json_object import decode_object
from watchword.jose.jws import UnverifiedMessage
from watchword.jose.jwt import SignedClaims
from watchword.verify.claims import VerifiedClaims
from watchword.verify.settings import Expectations

T = TypeVar("T")
# Names of this module: found in half the time.
_END_OF_TIME, _LONGEST_TOKEN_ID, _LONGEST_SUBJECT = (
    rules.END_OF_TIME,
    rules.MAX_TOKEN_ID_CHARACTERS,
    rules.MAX_SUBJECT_CHARACTERS,
)


def find_issuer(message: UnverifiedMessage, issuers: Mapping[str, T]) -> T:
    """Which of ``issuers`` the token says it is from: only a look-up among those that were configured, to be proven
    by the signature with that issuer's keys, and checked again after it (THREATS J54).

    Raises:
        JOSEError: from none of them, or malformed.
    """
    name = decode_object(base64url.decode(message.payload_segment)).get("iss")
    if not isinstance(name, str) or name not in issuers:
        raise IssuerMismatchError("the token is from another issuer", claim="iss")
    return issuers[name]


def check(signed: SignedClaims, expected: Expectations, now: float) -> tuple[VerifiedClaims, float, float]:
    """The claims of a token whose signature holds, and the UTC epoch seconds from which and until which they hold.

    What is right is recognised here in few steps, since every request passes; anything else goes to the rule that
    knows what is wrong.

    Raises:
        JOSEError: one of them is not what it must be.
    """
    claims = signed.claims
    reading = expected.profile.read(signed, expected.audiences)
    if claims.get("iss") != expected.issuer:
        rules.check_issuer(claims, expected=expected.issuer)
    expires_at = claims.get("exp")
    if type(expires_at) is not int or not now < expires_at <= _END_OF_TIME:
        expires_at = rules.check_expiry(claims, now=now, leeway=expected.leeway)
    issued_at = claims.get("iat", 0)
    if type(issued_at) is not int or not 0 <= issued_at <= now:
        issued_at = rules.check_issued_at(claims, now=now, leeway=expected.leeway)
    starts_at = issued_at
    if "nbf" in claims:
        starts_at = max(issued_at, rules.check_not_before(claims, now=now, leeway=expected.leeway))
    token_id = claims.get("jti", "-")
    if type(token_id) is not str or not 0 < len(token_id) <= _LONGEST_TOKEN_ID:
        rules.text(claims, "jti", max_characters=rules.MAX_TOKEN_ID_CHARACTERS)
    subject = claims.get("sub")
    if type(subject) is not str or not 0 < len(subject) <= _LONGEST_SUBJECT:
        rules.text(claims, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS)
    return VerifiedClaims.read(claims, reading), starts_at, expires_at
