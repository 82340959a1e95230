"""The rules of OpenID Connect Core section 3.1.3.7 (THREATS J10, J65, J70)."""

from typing import Any

import pytest
from tests.verify.tokens import ABSENT

from watchword.jose import Key, jwt
from watchword.verify import InvalidTokenError, VerifiedClaims, verify_id_token

NOW = 1_790_000_000
ISSUER = "https://auth.example.com"
KEY = Key.generate("RS256")
CLIENT = "client-1"


def id_token(*, key: Key = KEY, typ: str = "JWT", **changes: Any) -> str:
    good = {"iss": ISSUER, "aud": CLIENT, "sub": "user-1", "iat": NOW, "exp": NOW + 300, "nonce": "n-1"}
    merged = {**good, **changes}
    return jwt.encode({name: value for name, value in merged.items() if value is not ABSENT}, key, typ=typ)


def verify(token: str, **changes: Any) -> VerifiedClaims:
    expected: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, "nonce": "n-1", "now": NOW}
    return verify_id_token(token, KEY.public(), **{**expected, **changes})


def refusal(token: str, **changes: Any) -> str:
    with pytest.raises(InvalidTokenError) as caught:
        verify(token, **changes)
    return caught.value.code


def test_a_good_token_says_who_signed_in() -> None:
    verified = verify(id_token(email="a@example.com"))
    assert (verified.sub, verified.client_id, verified["email"]) == ("user-1", CLIENT, "a@example.com")
    assert not verified.is_client
    assert verified.scopes == frozenset()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.example"}, "issuer_mismatch"),
        ({"aud": "client-2"}, "audience_mismatch"),
        ({"aud": [CLIENT, "client-2"]}, "audience_mismatch"),
        ({"aud": [CLIENT, "client-2"], "azp": "client-2"}, "audience_mismatch"),
        ({"azp": "client-2"}, "audience_mismatch"),
        ({"azp": None}, "audience_mismatch"),
        ({"exp": NOW}, "token_expired"),
        ({"exp": ABSENT}, "claim_invalid"),
        ({"iat": ABSENT}, "claim_invalid"),
        ({"iat": NOW + 11}, "token_not_yet_valid"),
        ({"sub": ABSENT}, "claim_invalid"),
        ({"nonce": ABSENT}, "claim_invalid"),
        ({"nonce": "n-2"}, "claim_invalid"),
        ({"nonce": None}, "claim_invalid"),
        ({"nonce": ["n-1"]}, "claim_invalid"),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "type_mismatch"),
        ({"typ": "at+jwt"}, "type_mismatch"),
        ({"typ": "logout+jwt"}, "type_mismatch"),
    ],
)
def test_one_wrong_claim_refuses_the_token(changes: dict[str, Any], code: str) -> None:
    assert refusal(id_token(**changes)) == code


def test_several_audiences_pass_when_the_token_says_it_was_made_for_this_client() -> None:
    verify(id_token(aud=[CLIENT, "client-2"], azp=CLIENT))


def test_without_a_nonce_sent_there_must_be_none() -> None:
    """As oauth4webapi has it: a nonce that was not sent answers a request that somebody else made."""
    verify(id_token(nonce=ABSENT), nonce=None)
    for nonce in ("n-1", "", None):
        assert refusal(id_token(nonce=nonce), nonce=None) == "claim_invalid"


def test_j70_max_age_is_enforced_and_so_is_zero() -> None:
    verify(id_token(auth_time=NOW - 60), max_age=60)
    assert refusal(id_token(auth_time=NOW - 61), max_age=60) == "claim_invalid"
    verify(id_token(auth_time=NOW), max_age=0)
    assert refusal(id_token(auth_time=NOW - 1), max_age=0) == "claim_invalid"
    assert refusal(id_token(), max_age=60) == "claim_invalid"


def test_j70_a_sign_in_that_is_yet_to_come_is_not_recent() -> None:
    verify(id_token(auth_time=NOW + 10), max_age=60)
    assert refusal(id_token(auth_time=NOW + 11), max_age=60) == "claim_invalid"


def test_j10_at_hash_is_exact_where_it_is_there() -> None:
    access_token = "some.access.token"
    at_hash = jwt.half_hash(access_token, "RS256")
    verify(id_token(at_hash=at_hash), access_token=access_token)
    verify(id_token(), access_token=access_token)
    for wrong in (at_hash[:-1], at_hash + "A", "", None, [at_hash]):
        assert refusal(id_token(at_hash=wrong), access_token=access_token) == "claim_invalid"
    assert refusal(id_token(at_hash=at_hash), access_token="another.access.token") == "claim_invalid"


def test_c_hash_is_exact_where_it_is_there() -> None:
    c_hash = jwt.half_hash("a-code", "RS256")
    verify(id_token(c_hash=c_hash), code="a-code")
    verify(id_token(), code="a-code")
    for wrong in (c_hash[:-1], "", None, [c_hash]):
        assert refusal(id_token(c_hash=wrong), code="a-code") == "claim_invalid"
    assert refusal(id_token(c_hash=c_hash), code="another-code") == "claim_invalid"


@pytest.mark.parametrize("max_age", [float("nan"), -1])
def test_j70_a_max_age_that_nothing_exceeds_is_no_max_age(max_age: float) -> None:
    with pytest.raises(ValueError, match="max_age"):
        verify(id_token(auth_time=0), max_age=max_age)


def test_only_the_registered_algorithm_passes() -> None:
    key = Key.generate("ES256")
    token = id_token(key=key)
    with pytest.raises(InvalidTokenError) as caught:
        verify_id_token(token, key, issuer=ISSUER, client_id=CLIENT, nonce="n-1", now=NOW)
    assert caught.value.code == "algorithm_not_allowed"
    verify_id_token(token, key, issuer=ISSUER, client_id=CLIENT, nonce="n-1", now=NOW, algorithms=("ES256",))


def test_another_signature_is_refused() -> None:
    assert refusal(id_token(key=Key.generate("RS256", kid=KEY.kid))) == "signature_invalid"


def test_j10_an_access_token_that_is_not_ascii_is_refused_and_not_a_crash() -> None:
    assert refusal(id_token(at_hash="x"), access_token="é") == "token_malformed"
