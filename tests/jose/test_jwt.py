"""Signed claims, pinned types, half hashes (THREATS J10, J41, J56, J65)."""

from typing import Any

import pytest
from tests.jose.forge import forge

from watchword.jose import Key, jwt
from watchword.jose.errors import (
    AlgorithmNotAllowedError,
    ClaimError,
    InvalidKeyError,
    MalformedTokenError,
    TypeMismatchError,
)

KEY = Key.generate("ES256")
KINDS = ["JWT", "at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "secevent+jwt"]


def test_claims_come_back_as_they_were() -> None:
    claims = {"sub": "alice", "exp": 4_000_000_000, "list": [1, "two", None], "text": 'quotes " and ": colons'}
    signed = jwt.decode(jwt.encode(claims, KEY, typ="at+jwt"), KEY, algorithms=("ES256",), typ="at+jwt")
    assert signed.claims == claims
    assert dict(signed) == claims
    assert signed["sub"] == "alice"
    assert signed.header.kid == KEY.kid


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("expected", KINDS)
def test_j65_only_the_expected_type_passes(made: str, expected: str) -> None:
    token = jwt.encode({}, KEY, typ=made)
    if made == expected:
        jwt.decode(token, KEY, typ=expected)
        return
    with pytest.raises(TypeMismatchError):
        jwt.decode(token, KEY, typ=expected)


def test_j65_a_silent_header_is_a_plain_jwt_and_nothing_else() -> None:
    token = forge(KEY, {"alg": "ES256"})
    jwt.decode(token, KEY)
    with pytest.raises(TypeMismatchError):
        jwt.decode(token, KEY, typ="at+jwt")


@pytest.mark.parametrize("typ", ["AT+JWT", "application/at+jwt", "Application/AT+jwt"])
def test_j65_a_type_may_be_written_as_media_types_may(typ: str) -> None:
    jwt.decode(forge(KEY, {"alg": "ES256", "typ": typ}), KEY, typ="at+jwt")


@pytest.mark.parametrize("payload", ["[]", '"x"', "1", "", '{"sub":"a","sub":"b"}', '{"exp":NaN}', "\ufeff{}"])
def test_j38_j41_claims_are_one_strict_object(payload: str) -> None:
    with pytest.raises(MalformedTokenError):
        jwt.decode(forge(KEY, {"alg": "ES256"}, payload), KEY)


@pytest.mark.parametrize("exp", ["4000000000", True, None, float("nan"), float("inf"), -1])
def test_a_time_that_is_none_is_not_signed(exp: Any) -> None:
    with pytest.raises(ClaimError):
        jwt.encode({"exp": exp}, KEY)


def test_a_public_key_does_not_sign() -> None:
    with pytest.raises(InvalidKeyError):
        jwt.encode({}, KEY.public())


def test_signed_claims_do_not_show_their_values() -> None:
    assert "canary" not in repr(jwt.decode(jwt.encode({"email": "canary"}, KEY), KEY))


def test_the_half_hash_of_openid_connect_core_appendix_a_3() -> None:
    assert jwt.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.parametrize("alg", ["none", "", "XX999", "Ed448", "ML-DSA-44"])
def test_j10_an_algorithm_without_a_hash_is_refused(alg: str) -> None:
    with pytest.raises(AlgorithmNotAllowedError):
        jwt.half_hash("value", alg)
