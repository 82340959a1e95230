"""The rules of RFC 9068 section 4 (THREATS J55-J65)."""

import json
from typing import Any

import pytest
from tests.jose.forge import forge
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, access_token, claims

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet, jws, jwt
from watchword.verify import VerificationError, VerifiedClaims, Verifier

KEY = Key.generate("ES256")


def verify(token: str, **settings: Any) -> VerifiedClaims:
    clock = SettableClock(settings.pop("now", NOW))
    return Verifier(issuer=ISSUER, audience=API, keys=KEY.public(), clock=clock, **settings).verify(token)


def refusal(token: str, **settings: Any) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        verify(token, **settings)
    return caught.value


def test_a_good_token_says_who_may_do_what() -> None:
    verified = verify(access_token(KEY, acr="urn:x"))
    assert (verified.issuer, verified.sub, verified.client_id) == (ISSUER, "user-1", "client-1")
    assert verified.scopes == {"orders:read", "orders:write"}
    assert verified.roles == {"staff"}
    assert verified.expires_at == NOW + 300
    assert verified["acr"] == "urn:x"
    assert not verified.is_client


def test_a_client_is_its_own_subject() -> None:
    assert verify(access_token(KEY, sub="client-1")).is_client


def test_scopes_and_roles_may_be_absent() -> None:
    verified = verify(access_token(KEY, scope=ABSENT, roles=ABSENT))
    assert (verified.scopes, verified.roles) == (frozenset(), frozenset())
    assert verify(access_token(KEY, scope="")).scopes == frozenset()


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "sub", "client_id", "jti"])
def test_j57_every_required_claim_is_required(name: str) -> None:
    changes: dict[str, Any] = {name: ABSENT}
    error = refusal(access_token(KEY, **changes))
    assert (error.code, error.error, error.status) == ("claim_invalid", "invalid_token", 401)
    assert getattr(error, "claim", None) == name


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": ISSUER + "/"}, "issuer_mismatch"),
        ({"iss": [ISSUER]}, "claim_invalid"),
        ({"aud": "https://other.example"}, "audience_mismatch"),
        ({"aud": []}, "claim_invalid"),
        ({"exp": NOW}, "token_expired"),
        ({"nbf": NOW + 11}, "token_not_yet_valid"),
        ({"iat": NOW + 11}, "token_not_yet_valid"),
        ({"sub": ""}, "claim_invalid"),
        ({"sub": 1}, "claim_invalid"),
        ({"sub": "x" * 256}, "claim_invalid"),
        ({"client_id": ["c"]}, "claim_invalid"),
        ({"jti": "x" * 129}, "claim_invalid"),
        ({"scope": ["orders:read"]}, "claim_invalid"),
        ({"scope": None}, "claim_invalid"),
        ({"roles": "admin"}, "claim_invalid"),
        ({"roles": [1]}, "claim_invalid"),
        ({"roles": None}, "claim_invalid"),
        ({"cnf": {"jkt": "x" * 43}}, "sender_proof_missing"),
        ({"cnf": {"jkt": "x"}}, "claim_invalid"),
        ({"cnf": None}, "claim_invalid"),
    ],
    ids=str,
)
def test_one_wrong_claim_refuses_the_token_and_says_which_kind(changes: dict[str, Any], code: str) -> None:
    assert refusal(access_token(KEY, **changes)).code == code


@pytest.mark.parametrize("exp", ["4000000000", True, None, [], 1e12])
def test_j56_an_exp_of_the_wrong_kind_is_not_an_absent_one(exp: Any) -> None:
    token = forge(KEY, {"alg": "ES256", "typ": "at+jwt"}, claims(exp=exp))
    assert refusal(token).code == "claim_invalid"


def test_j58_j59_the_boundary_and_the_leeway() -> None:
    token = access_token(KEY)
    verify(token, now=NOW + 299)
    assert refusal(token, now=NOW + 300).code == "token_expired"
    verify(token, now=NOW + 329, leeway=30)
    assert refusal(token, now=NOW + 330, leeway=30).code == "token_expired"


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "client-auth+jwt"]
)
def test_j65_no_other_kind_of_token_passes(typ: str) -> None:
    assert refusal(access_token(KEY, typ=typ)).code == "type_mismatch"


def test_j65_a_token_without_a_type_does_not_pass() -> None:
    assert refusal(forge(KEY, {"alg": "ES256"}, claims())).code == "type_mismatch"


def test_j65_an_id_token_does_not_pass() -> None:
    id_token = jwt.encode({**claims(aud="client-1"), "nonce": "n"}, KEY)
    assert refusal(id_token).code == "type_mismatch"


def test_j01_unsigned_and_j05_mac_tokens_do_not_pass() -> None:
    secret = Key.generate("HS256")
    assert refusal(access_token(secret)).code == "algorithm_not_allowed"
    unsigned = forge(KEY, {"alg": "none", "typ": "at+jwt"}, claims()).rpartition(".")[0] + "."
    assert refusal(unsigned).code == "algorithm_not_allowed"


def test_shared_secrets_work_where_they_are_asked_for() -> None:
    secret = Key.generate("HS256")
    verifier = Verifier(
        issuer=ISSUER, audience=API, keys=KeySet([secret]), algorithms=("HS256",), clock=SettableClock(NOW)
    )
    assert verifier.verify(access_token(secret)).sub == "user-1"


def test_another_key_is_refused() -> None:
    other = Key.generate("ES256", kid=KEY.kid)
    assert refusal(access_token(other)).code == "signature_invalid"
    assert refusal(access_token(Key.generate("ES256"))).code == "key_unknown"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "a.b", "..", "." * 100, "x" * 17_000])
def test_g4_whatever_is_no_token_is_malformed(token: str) -> None:
    assert refusal(token).code == "token_malformed"


def test_j42_j93_no_sentence_repeats_the_token() -> None:
    for changes in ({"iss": "canary"}, {"aud": "canary"}, {"sub": ["canary"]}, {"scope": ["canary"]}):
        error = refusal(access_token(KEY, **changes))
        assert "canary" not in f"{error} {error!r} {error.detail}"


def test_j40_j56_a_time_too_large_to_count_is_refused_like_any_other() -> None:
    payload = json.dumps({**claims(), "exp": 10**400}).encode()
    assert refusal(jws.sign(payload, KEY, typ="at+jwt")).code == "token_malformed"
