"""Published attacks on the claims, by number (THREATS J54-J63, J68, J70)."""

from typing import Any

import pytest
from tests.jose.forge import forge

from watchword.jose import Key, jws, jwt
from watchword.jose import claims as rules
from watchword.jose.errors import AudienceMismatchError, ClaimError, IssuerMismatchError, JOSEError, TypeMismatchError

NOW = 1_790_000_000
KEY = Key.generate("ES256", kid="k")


@pytest.mark.parametrize("iss", [["https://a.example"], ["https://a.example", "https://b.example"], [], {}, None, 1])
def test_j55_cve_2025_30144_a_list_of_issuers_is_no_issuer(iss: Any) -> None:
    with pytest.raises(ClaimError) as caught:
        rules.check_issuer({"iss": iss}, expected="https://a.example")
    assert caught.value.claim == "iss"


@pytest.mark.parametrize("value", ["9999999999", "", True, None, [], {}, float("nan"), float("inf"), -1, 2**63])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_j56_cve_2026_25537_a_time_of_the_wrong_type_is_not_an_absent_one(name: str, value: Any) -> None:
    rule: Any = {"exp": rules.check_expiry, "nbf": rules.check_not_before, "iat": rules.check_issued_at}[name]
    with pytest.raises(ClaimError) as caught:
        rule({name: value}, now=NOW)
    assert caught.value.code == "claim_invalid"


@pytest.mark.parametrize("leeway", [-1, -(10**9), float("nan"), float("inf"), 301, 10**9, "60", True])
@pytest.mark.parametrize("number", ["fast_jwt_c0fb5b8", "panva_282f9aaa"])
def test_j59_a_leeway_does_not_turn_the_check_off(leeway: Any, number: str) -> None:
    with pytest.raises(ValueError, match="leeway"):
        rules.check_leeway(leeway)


@pytest.mark.parametrize("aud", [[], "", [""], None, {}, [[]], [None], ["https://api", 1], [["https://api"]]])
def test_j61_cve_2020_26160_a_strange_audience_is_not_every_audience(aud: Any) -> None:
    with pytest.raises(ClaimError):
        rules.check_audience({"aud": aud}, expected="https://api")


@pytest.mark.parametrize(
    "aud", ["api", "https://api.evil", ["https://ap", "i"], "https://api,https://b", "HTTPS://API"]
)
def test_j61_a_part_of_an_audience_is_another(aud: Any) -> None:
    with pytest.raises(AudienceMismatchError):
        rules.check_audience({"aud": aud}, expected="https://api")


@pytest.mark.parametrize("number", ["cve_2024_53861", "ghsa_75c5_xw7c_p5pm"])
@pytest.mark.parametrize("iss", ["https", "a", "https://a.example/", "", "https://a.exampl", "ttps://a.example"])
def test_j62_a_part_of_an_issuer_is_another(iss: str, number: str) -> None:
    with pytest.raises(IssuerMismatchError):
        rules.check_issuer({"iss": iss}, expected="https://a.example")
    rules.check_issuer({"iss": "https://a.example"}, expected="https://a.example")


@pytest.mark.parametrize("number", ["pyjwt_2_10", "joserfc_1_7_3"])
@pytest.mark.parametrize("sub", [1, 0, "", None, [], ["alice"], {}, True, 1.5, "x" * 256])
def test_j63_a_subject_is_a_short_text(sub: Any, number: str) -> None:
    with pytest.raises(ClaimError):
        rules.text({"sub": sub}, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS)


def test_j54_a_key_is_looked_for_where_we_say_and_the_issuer_is_asked_afterwards() -> None:
    """The same name at two issuers is two keys: a token of one is none of the other, whatever it says."""
    ours, theirs = (Key.generate("ES256", kid="same") for _ in range(2))
    token = jwt.encode({"iss": "https://ours.example"}, theirs)
    with pytest.raises(JOSEError) as caught:
        jwt.decode(token, ours)
    assert caught.value.code == "signature_invalid"


def test_j68_cve_2026_35039_what_is_remembered_of_one_token_is_nothing_of_another() -> None:
    """Headers are remembered, which tokens share; claims are not."""
    key = Key.generate("ES256", kid="shared")  # a name that no other test's headers bear
    for number in range(2_000):
        claims = {"sub": "alice", "jti": str(number)}
        assert jwt.decode(forge(key, {"alg": "ES256", "kid": "shared"}, claims), key).claims == claims
    other = Key.generate("ES256", kid="shared")
    with pytest.raises(JOSEError):
        jwt.decode(forge(other, {"alg": "ES256", "kid": "shared"}), key)
    assert len([segment for segment in jws._remembered if jws._remembered[segment].kid == "shared"]) < 10


@pytest.mark.parametrize("value", [None, "0", True, [], -1, float("nan")])
def test_j70_a_sign_in_time_of_the_wrong_type_is_none(value: Any) -> None:
    for claims in ({"auth_time": value}, {}):
        with pytest.raises(ClaimError):
            rules.numeric_date(claims, "auth_time")
    assert rules.numeric_date({"auth_time": 0}, "auth_time") == 0


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "at+jwt", "dpop+jwt"])
def test_j65_a_type_is_asked_for_by_both_ways_of_decoding(typ: str) -> None:
    token = jwt.encode({}, KEY, typ="secevent+jwt")
    with pytest.raises(TypeMismatchError):
        jwt.decode(token, KEY, typ=typ)
    with pytest.raises(TypeMismatchError):
        jwt.decode_message(jws.split(token), KEY, typ=typ)
    # The quick way asks neither for the type nor for the allow-list; it says so, and its caller asks for both.
    assert jwt.signed(jws.split(token), KEY).header.kind == "secevent+jwt"
