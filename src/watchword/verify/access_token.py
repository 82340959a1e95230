"""The rules for access tokens (RFC 9068 section 4, and what other issuers make of them).

No I/O; time is an argument.
"""

from collections.abc import Mapping
from typing import TypeVar

from watchword.jose import base64url, jwt
from watchword.jose import claims as rules
from watchword.jose.errors import AlgorithmNotAllowedError, IssuerMismatchError, JOSEError
from watchword.jose.json_object import decode_object
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import UnverifiedMessage, split
from watchword.jose.jwt import SignedClaims
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import from_jose
from watchword.verify.settings import Expectations

T = TypeVar("T")


def take_apart(unverified_token: str) -> UnverifiedMessage:
    """The token in its parts, none of them believed.

    Raises:
        InvalidTokenError: malformed.
    """
    try:
        return split(unverified_token)
    except JOSEError as error:
        raise from_jose(error) from error


def find_issuer(message: UnverifiedMessage, issuers: Mapping[str, T]) -> T:
    """Which of ``issuers`` the token says it is from: only a look-up among those that were configured, to be proven
    by the signature with that issuer's keys, and checked again after it (THREATS J54).

    Raises:
        InvalidTokenError: from none of them, or malformed.
    """
    try:
        name = decode_object(base64url.decode(message.payload_segment)).get("iss")
        if not isinstance(name, str) or name not in issuers:
            raise IssuerMismatchError("the token is from another issuer", claim="iss")
    except JOSEError as error:
        raise from_jose(error) from error
    return issuers[name]


def refuse_algorithm(message: UnverifiedMessage, expected: Expectations) -> None:
    """Refuse at once what no key could save: nothing is fetched for such a token.

    Raises:
        AlgorithmNotAllowedError: its algorithm is not in the allow-list.
    """
    if message.header.alg not in expected.algorithms:
        raise from_jose(AlgorithmNotAllowedError("the token's algorithm is not allowed"))


def verify(
    message: UnverifiedMessage, keys: KeySet, expected: Expectations, *, now: float
) -> tuple[VerifiedClaims, float]:
    """Signature first, then every claim.

    Args:
        message: from `take_apart`.
        keys: the issuer's keys.
        expected: what the token must be.
        now: UTC epoch seconds.

    Returns:
        The claims, and the UTC epoch second from which they hold.

    Raises:
        JOSEError: which of its kinds says why not.
    """
    # Which type the token must be of is the profile's to say; here its own is repeated.
    typ = message.header.kind or "JWT"
    return check(jwt.decode_message(message, keys, algorithms=expected.algorithms, typ=typ), expected, now=now)


def check(signed: SignedClaims, expected: Expectations, *, now: float) -> tuple[VerifiedClaims, float]:
    """The claims of a token whose signature holds.

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
    if type(expires_at) is not int or not now < expires_at <= rules.END_OF_TIME:
        expires_at = rules.check_expiry(claims, now=now, leeway=expected.leeway)
    issued_at = claims.get("iat", 0)
    if type(issued_at) is not int or not 0 <= issued_at <= now:
        issued_at = rules.check_issued_at(claims, now=now, leeway=expected.leeway)
    starts_at = issued_at
    if "nbf" in claims:
        starts_at = max(issued_at, rules.check_not_before(claims, now=now, leeway=expected.leeway))
    token_id = claims.get("jti", "-")
    if type(token_id) is not str or not 0 < len(token_id) <= rules.MAX_TOKEN_ID_CHARACTERS:
        rules.text(claims, "jti", max_characters=rules.MAX_TOKEN_ID_CHARACTERS)
    subject = claims.get("sub")
    if subject is None and not expected.profile.subject_required and "sub" not in claims:
        pass  # the client's name stands for it
    elif type(subject) is not str or not 0 < len(subject) <= rules.MAX_SUBJECT_CHARACTERS:
        rules.text(claims, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS)
    return VerifiedClaims.read(claims, reading), starts_at
