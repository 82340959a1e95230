"""The rules for access tokens (RFC 9068 section 4). No I/O; time is an argument."""

from collections.abc import Mapping
from typing import Any

from watchword.jose import claims as rules
from watchword.jose import jwt
from watchword.jose.errors import AlgorithmNotAllowedError, ClaimError, JOSEError
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import UnverifiedMessage, split
from watchword.jose.jwt import SignedClaims
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import SenderProofMissingError, from_jose
from watchword.verify.settings import Expectations

_MAX_CLIENT_ID_CHARACTERS = 255


def take_apart(unverified_token: str, expected: Expectations) -> UnverifiedMessage:
    """The token in its parts, refused at once when its algorithm is not allowed: no key is looked for, and none is
    fetched, for a token that no key could save.

    Raises:
        InvalidTokenError: malformed, or of an algorithm that is not allowed.
    """
    try:
        message = split(unverified_token)
        if message.header.alg not in expected.algorithms:
            raise AlgorithmNotAllowedError("the token's algorithm is not allowed")
    except JOSEError as error:
        raise from_jose(error) from error
    return message


def verify(message: UnverifiedMessage, keys: KeySet, expected: Expectations, *, now: float) -> VerifiedClaims:
    """Signature first, then every claim.

    Args:
        message: from `take_apart`.
        keys: the issuer's keys.
        expected: what the token must be.
        now: UTC epoch seconds.

    Raises:
        InvalidTokenError: which of its kinds says why.
    """
    try:
        signed = jwt.decode_message(message, keys, algorithms=expected.algorithms, typ=expected.profile.typ)
        return check(signed, expected, now=now)
    except JOSEError as error:
        raise from_jose(error) from error


def check(signed: SignedClaims, expected: Expectations, *, now: float) -> VerifiedClaims:
    """The claims of a token whose signature holds.

    Raises:
        ClaimError: one of them is not what it must be.
        SenderProofMissingError: it is bound to a key.
    """
    claims = signed.claims
    profile = expected.profile
    rules.check_issuer(claims, expected=expected.issuer)
    rules.check_audience(claims, expected=expected.audience)
    rules.check_expiry(claims, now=now, leeway=expected.leeway)
    rules.check_not_before(claims, now=now, leeway=expected.leeway)
    for name in profile.required:
        rules.required(claims, name)
    if "iat" in claims:
        rules.check_issued_at(claims, now=now, leeway=expected.leeway)
    if "jti" in claims:
        rules.text(claims, "jti", max_characters=rules.MAX_TOKEN_ID_CHARACTERS)
    rules.text(claims, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS)
    client_id = rules.text(claims, profile.client_claim, max_characters=_MAX_CLIENT_ID_CHARACTERS)
    if "cnf" in claims:
        raise SenderProofMissingError
    return VerifiedClaims(
        claims,
        client_id=client_id,
        scopes=_scopes(claims, profile.scope_claim),
        roles=_roles(claims, profile.roles_claim),
    )


def _scopes(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    if name not in claims:
        return frozenset()
    text = claims[name]
    if not isinstance(text, str):
        raise ClaimError(f"the claim `{name}` is not a string", claim=name)
    return frozenset(text.split(" ")) - {""}


def _roles(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    return frozenset(rules.texts(claims, name)) if name in claims else frozenset()
