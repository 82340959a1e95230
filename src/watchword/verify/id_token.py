"""The rules for ID tokens (OpenID Connect Core section 3.1.3.7). No I/O; time is an argument."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from watchword.jose import claims as rules
from watchword.jose import jwt
from watchword.jose.errors import AudienceMismatchError, ClaimError, JOSEError, TypeMismatchError
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.jose.jwt import SignedClaims
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import from_jose

DEFAULT_ALGORITHMS = ("RS256",)
_STATED_KINDS = (("typ", "ID"), ("token_use", "id"))  # claims of Keycloak and of Cognito
_OF_ACCESS_TOKENS = frozenset({"scope", "scp", "cid", "gty", "azpacr", "appidacr"})  # Auth0, Entra, Okta and others


def verify_id_token(
    token: str,
    keys: Key | KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    now: float,
    max_age: float | None = None,
    access_token: str | None = None,
    code: str | None = None,
    algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
    leeway: float = 0.0,
) -> VerifiedClaims:
    """Who signed in, if the ID token proves it to this client.

    Args:
        token: the compact JWT.
        keys: the issuer's keys.
        issuer: what ``iss`` must equal.
        client_id: what ``aud`` must be.
        nonce: what was sent in the authorization request; None if nothing was, and then there must be none: it would
            answer a request that somebody else made.
        now: UTC epoch seconds.
        max_age: seconds that may have passed since the person last proved who they are; 0 is enforced (THREATS J70).
        access_token: issued beside it; an ``at_hash`` must fit it.
        code: with which it was asked for; a ``c_hash`` must fit it.
        algorithms: what the client registered as ``id_token_signed_response_alg``; RS256 unless it chose another.
        leeway: seconds for which an expired token is still taken.

    Raises:
        InvalidTokenError: which of its kinds says why.
        ValueError: ``max_age`` or ``leeway`` make no sense.
    """
    rules.check_leeway(leeway)
    if max_age is not None and not max_age >= 0:  # so that NaN, which nothing exceeds, is refused too
        raise ValueError("max_age is 0 seconds or more")
    try:
        signed = jwt.decode(token, keys, algorithms=algorithms, typ="JWT")
        claims = signed.claims
        rules.check_issuer(claims, expected=issuer)
        _check_audience(claims, client_id)
        rules.check_expiry(claims, now=now, leeway=leeway)
        rules.check_not_before(claims, now=now, leeway=leeway)
        rules.check_issued_at(claims, now=now, leeway=leeway)
        rules.text(claims, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS)
        _refuse_logout_token(claims)
        _refuse_access_token(claims)
        _check_nonce(claims, nonce)
        _check_max_age(claims, max_age, now=now, leeway=leeway)
        _check_hash(signed, "at_hash", access_token)
        _check_hash(signed, "c_hash", code)
    except JOSEError as error:
        raise from_jose(error) from error
    return VerifiedClaims(claims, client_id=client_id, scopes=frozenset(), roles=frozenset())


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Other audiences are not trusted unless ``azp`` says that the token was made for this client."""
    members = rules.check_audience(claims, expected=client_id)
    if "azp" in claims and claims["azp"] != client_id:
        raise AudienceMismatchError("the token was made for another client", claim="azp")
    if len(members) > 1 and "azp" not in claims:
        raise AudienceMismatchError("the token has several audiences and names none of them", claim="azp")


def _refuse_logout_token(claims: Mapping[str, Any]) -> None:
    """Logout tokens made before they had a ``typ`` are told apart by ``events`` (Back-Channel Logout section 2.4)."""
    if "events" in claims:
        raise TypeMismatchError("the token is not of the expected type")


def _refuse_access_token(claims: Mapping[str, Any]) -> None:
    """The access tokens of many issuers state no other type than their ID tokens, and an application that is client and
    API at once has one ``aud`` for both: they are told apart by what only one of them has (THREATS J65).
    """
    states_another = any(name in claims and claims[name] != value for name, value in _STATED_KINDS)
    if states_another or not _OF_ACCESS_TOKENS.isdisjoint(claims):
        raise TypeMismatchError("the token is not of the expected type")


def _check_nonce(claims: Mapping[str, Any], nonce: str | None) -> None:
    if nonce is None:
        if "nonce" in claims:
            raise ClaimError("the claim `nonce` is there and none was sent", claim="nonce")
        return
    value = rules.required(claims, "nonce")
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), nonce.encode()):
        raise ClaimError("the claim `nonce` is not the one that was sent", claim="nonce")


def _check_max_age(claims: Mapping[str, Any], max_age: float | None, *, now: float, leeway: float) -> None:
    if max_age is None:
        return
    auth_time = rules.numeric_date(claims, "auth_time")
    # A sign-in that is yet to come would be recent for ever.
    if now - auth_time > max_age + leeway or auth_time > now + max(leeway, rules.FUTURE_TOLERANCE):
        raise ClaimError("the person did not sign in recently enough", claim="auth_time")


def _check_hash(signed: SignedClaims, name: str, hashed: str | None) -> None:
    """Optional in the code flow (sections 3.1.3.6 and 3.3.2.11), and exact where it is there."""
    if hashed is None or name not in signed.claims:
        return
    value = signed.claims[name]
    expected = jwt.half_hash(hashed, signed.header.alg)
    if not isinstance(value, str) or not hmac.compare_digest(value.encode(), expected.encode()):
        raise ClaimError(f"the claim `{name}` is of something else than what came with the token", claim=name)
