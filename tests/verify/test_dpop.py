"""The twelve checks of RFC 9449 section 4.3 (THREATS O40-O46, J50)."""

from typing import Any

import pytest
from tests.verify.proofs import TOKEN, header, proof, proof_claims, public_jwk, raw_proof
from tests.verify.tokens import ABSENT, API, NOW

from watchword.jose import Key, jwt
from watchword.oauth.dpop import PROOF_ALGORITHMS
from watchword.verify.dpop import Proof, ProofNonces, check_proof
from watchword.verify.errors import SenderNonceError, SenderProofError

KEY = Key.generate("ES256")
ORDERS = API + "/orders"
RFC_PROOF_HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
RFC_TOKEN_PROOF = (  # figure 2
    RFC_PROOF_HEADER
    + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi"
    "aWF0IjoxNTYyMjYyNjE2fQ"
    ".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RFC_RESOURCE_PROOF = (  # figure 13
    RFC_PROOF_HEADER
    + ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0"
    "ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
    ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
RFC_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def check(text: str, **changes: Any) -> Proof:
    expected: dict[str, Any] = {
        "expected_method": "GET",
        "expected_uri": ORDERS,
        "expected_thumbprint": KEY.thumbprint(),
        "access_token": TOKEN,
        "now": NOW,
    }
    return check_proof(text, **{**expected, **changes})


def refusal(text: str, **changes: Any) -> str:
    with pytest.raises(SenderProofError) as caught:
        check(text, **changes)
    assert (caught.value.code, caught.value.error) == ("sender_proof_invalid", "invalid_dpop_proof")
    assert caught.value.public is caught.value
    return caught.value.sentence


def is_another_keys(text: str, **changes: Any) -> bool:
    """RFC 9449 section 7.1: such a request is told that its token is invalid, as every thief is (THREATS J93)."""
    with pytest.raises(SenderProofError, match="another key") as caught:
        check(text, **changes)
    return (caught.value.error, caught.value.public.code) == ("invalid_token", "token_invalid")


def test_the_examples_of_rfc_9449_hold_at_their_time() -> None:
    at_token_endpoint = check_proof(
        RFC_TOKEN_PROOF, expected_method="POST", expected_uri="https://server.example.com/token", now=1562262616
    )
    assert at_token_endpoint.thumbprint == RFC_THUMBPRINT
    resource: dict[str, Any] = {
        "expected_method": "GET",
        "expected_uri": "https://resource.example.org/protectedresource",
        "expected_thumbprint": RFC_THUMBPRINT,
        "access_token": RFC_TOKEN,
    }
    at_resource = check_proof(RFC_RESOURCE_PROOF, now=1562262618, **resource)
    assert at_resource.replay_key != at_token_endpoint.replay_key
    assert "too old" in refusal(RFC_RESOURCE_PROOF, **resource)


def test_a_good_proof_says_whose_it_is_and_when_it_ends() -> None:
    good = check(proof(KEY))
    assert (good.thumbprint, good.expires_at) == (KEY.thumbprint(), NOW + 61)
    assert check(proof(KEY)).replay_key == good.replay_key
    assert check(proof(KEY, jti="proof-2")).replay_key != good.replay_key
    assert good.replay_key not in repr(good)


@pytest.mark.parametrize("algorithm", [name for name in PROOF_ALGORITHMS if not name.startswith(("RS", "PS"))])
def test_every_asymmetric_algorithm_may_prove(algorithm: str) -> None:
    key = Key.generate(algorithm)
    check(proof(key), expected_thumbprint=key.thumbprint())
    check(raw_proof(key, header(key)), expected_thumbprint=key.thumbprint())


def test_one_rsa_key_may_prove_under_whichever_rsa_algorithm_the_header_names() -> None:
    key = Key.generate("PS256")
    assert "alg" not in public_jwk(key)
    check(raw_proof(key, header(key)), expected_thumbprint=key.thumbprint())
    refusal(raw_proof(key, header(key, alg="RS256")), expected_thumbprint=key.thumbprint())


def test_o44_unknown_members_are_ignored() -> None:
    check(proof(KEY, roles=["x"], aud="elsewhere", nonce="of another server"))
    check(raw_proof(KEY, header(KEY, x5c=["AAAA"], jku="https://evil.example", extra=1)))
    check(raw_proof(KEY, header(KEY, jwk={**public_jwk(KEY), "use": "sig", "key_ops": ["verify"], "ext": True})))


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dpop", "jwt+dpop", "logout+jwt", "x/dpop+jwt"])
def test_o44_another_type_is_no_proof(typ: str) -> None:
    assert "type" in refusal(proof(KEY, typ=typ))


@pytest.mark.parametrize("typ", [ABSENT, "", None, ["dpop+jwt"]])
def test_o44_a_proof_states_its_type(typ: Any) -> None:
    refusal(raw_proof(KEY, header(KEY, typ=typ)))


@pytest.mark.parametrize("typ", ["DPoP+JWT", "application/dpop+jwt"])
def test_a_type_is_compared_as_media_types_are(typ: str) -> None:
    check(proof(KEY, typ=typ))


@pytest.mark.parametrize("alg", ["none", "HS256", "es256", "ES384", "RS256", "ES256K", "", None, ABSENT])
def test_o44_no_other_algorithm_than_the_keys_own(alg: Any) -> None:
    refusal(raw_proof(KEY, header(KEY, alg=alg)))


def test_o44_no_shared_secret_proves_anything() -> None:
    shared = Key.generate("HS256")
    secret = shared.to_dict(private=True)
    refusal(raw_proof(shared, {"typ": "dpop+jwt", "alg": "HS256", "jwk": secret}), expected_thumbprint=None)
    assert "not public" in refusal(
        raw_proof(shared, {"typ": "dpop+jwt", "alg": "ES256", "jwk": secret}), expected_thumbprint=None
    )


@pytest.mark.parametrize("alg", ["ES256", "Ed25519", "RS256"])
def test_o44_a_private_key_in_the_header_is_refused(alg: str) -> None:
    key = Key.generate(alg)
    private = raw_proof(key, header(key, jwk=key.to_dict(private=True)))
    assert "not public" in refusal(private, expected_thumbprint=key.thumbprint())


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
def test_o44_not_one_private_member_may_stand_in_the_header(member: str) -> None:
    jwk = {**public_jwk(KEY), member: ""}
    assert "not public" in refusal(raw_proof(KEY, header(KEY, jwk=jwk)))


@pytest.mark.parametrize(
    "jwk",
    [
        ABSENT,
        None,
        "jwk",
        [],
        {},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {**public_jwk(KEY), "y": public_jwk(KEY)["x"]},
        {**public_jwk(KEY), "use": "enc"},
        {**public_jwk(KEY), "alg": "ES384"},
        {**public_jwk(KEY), "crv": "P-384"},
    ],
)
def test_o44_a_header_without_a_sound_public_key_is_refused(jwk: Any) -> None:
    refusal(raw_proof(KEY, header(KEY, jwk=jwk)))


def test_j50_the_key_in_the_header_must_be_the_one_the_token_is_bound_to() -> None:
    """CVE-2018-0114: whoever brings a key along can sign anything with it."""
    thief = Key.generate("ES256")
    assert is_another_keys(proof(thief))
    refusal(raw_proof(thief, header(KEY)))  # the right key, another signature
    refusal(raw_proof(thief, header(KEY, kid=KEY.kid)))


def test_o46_a_proof_of_another_key_than_the_bound_one_is_refused_though_it_holds() -> None:
    other = Key.generate("ES256")
    check(proof(other), expected_thumbprint=other.thumbprint())
    assert is_another_keys(proof(other))
    assert is_another_keys(proof(KEY), expected_thumbprint=other.thumbprint())


@pytest.mark.parametrize(
    ("claim", "values"),
    [
        ("jti", [ABSENT, None, 1, "", "x" * 129, ["proof-1"]]),
        ("htm", [ABSENT, None, 1, "", "POST", "get", "GET ", ["GET"]]),
        ("htu", [ABSENT, None, 1, "", "/orders", API, [ORDERS], {"url": ORDERS}]),
        ("iat", [ABSENT, None, str(NOW), True, -1, 1e300]),
        ("ath", [ABSENT, None, 1, "", TOKEN, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo", "\u00e9"]),
        ("exp", [NOW, "x", None]),
        ("nbf", [NOW + 11, "x", None]),
    ],
)
def test_o44_every_claim_is_there_and_right(claim: str, values: list[Any]) -> None:
    for value in values:
        changed = proof_claims(**{claim: value})
        refusal(raw_proof(KEY, header(KEY), changed))


def test_an_identifier_may_have_128_characters() -> None:
    check(proof(KEY, jti="x" * 128))


def test_o44_a_request_whose_method_is_not_known_matches_no_proof() -> None:
    refusal(proof(KEY, htm=""), expected_method="")


def test_o44_a_proof_for_another_token_is_refused_and_without_a_token_none_is_asked_for() -> None:
    assert "another access token" in refusal(proof(KEY), access_token="another")
    assert "`ath` is missing" in refusal(proof(KEY, ath=ABSENT))
    check(proof(KEY, ath=ABSENT), access_token=None)


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", "\u00e9.a.b", "x" * 20_000])
def test_o44_a_proof_is_one_compact_jws(text: str) -> None:
    refusal(text)


def test_o44_a_changed_proof_is_refused() -> None:
    good = proof(KEY)
    head, body, signature = good.split(".")
    other_body = proof(KEY, jti="proof-2").split(".")[1]
    for spoilt in (
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-2]}",
        good + "=",
    ):
        refusal(spoilt)


def test_j65_no_other_token_of_ours_is_a_proof() -> None:
    for typ in ("at+jwt", "JWT", "logout+jwt"):
        refusal(jwt.encode(proof_claims(), KEY, typ=typ))
    refusal(jwt.encode(proof_claims(), KEY, typ="dpop+jwt"))  # names its key, but does not bring it


def test_o41_a_minute_of_age_and_ten_seconds_of_future() -> None:
    for age in (-10, -8, 0, 10, 60):
        check(proof(KEY, iat=NOW - age))
    assert "too old" in refusal(proof(KEY, iat=NOW - 61))
    assert "too old" in refusal(proof(KEY, iat=NOW - 3600))
    assert "future" in refusal(proof(KEY, iat=NOW + 11))
    assert "future" in refusal(proof(KEY, iat=NOW + 3600))
    check(proof(KEY, iat=NOW - 90), max_age=90)


@pytest.mark.parametrize("age", [-10, 0, 0.5, 59.5, 60])
def test_o40_a_proof_is_remembered_for_as_long_as_it_could_pass(age: float) -> None:
    good = check(proof(KEY, iat=NOW - age))
    with pytest.raises(SenderProofError):
        check(proof(KEY, iat=NOW - age), now=good.expires_at)


def test_o40_a_proof_with_a_nonce_is_remembered_for_as_long_as_the_nonce_is_good() -> None:
    nonces = ProofNonces(b"n" * 32)
    text = proof(KEY, nonce=nonces.current(NOW))
    good = check(text, nonces=nonces)
    assert check(text, nonces=nonces, now=NOW + 60).expires_at == good.expires_at
    check(text, nonces=nonces, now=good.expires_at - 0.001)
    with pytest.raises(SenderNonceError):
        check(text, nonces=nonces, now=good.expires_at)


@pytest.mark.parametrize("nonce", [ABSENT, None, 1, "", "foreign", "\u00e9", ["x"], "\ud800"])
def test_o42_without_a_nonce_of_ours_the_right_one_is_told(nonce: Any) -> None:
    nonces = ProofNonces(b"n" * 32)
    claims = proof_claims(nonce=nonce)
    if nonce == "\ud800":  # no signed JSON can hold it
        with pytest.raises(SenderNonceError):
            nonces.check(nonce, now=NOW)
        return
    with pytest.raises(SenderNonceError) as caught:
        check(raw_proof(KEY, header(KEY), claims), nonces=nonces)
    assert (caught.value.error, caught.value.nonce) == ("use_dpop_nonce", nonces.current(NOW))
    check(proof(KEY, nonce=caught.value.nonce), nonces=nonces)


def test_o42_a_nonce_is_good_in_its_window_and_the_next_and_not_before_or_after() -> None:
    nonces = ProofNonces(b"n" * 32)
    begin = NOW // 60 * 60
    text = proof(KEY, nonce=nonces.current(begin))
    for moment in (begin, begin + 59.9, begin + 60, begin + 119.9):
        check(text, nonces=nonces, now=moment)
    for moment in (begin - 0.1, begin + 120, begin + 3600):
        with pytest.raises(SenderNonceError) as caught:
            check(text, nonces=nonces, now=moment)
        assert caught.value.nonce == nonces.current(moment)


def test_o42_replicas_with_one_secret_know_one_anothers_nonces_and_nobody_else_does() -> None:
    text = proof(KEY, nonce=ProofNonces(b"n" * 32).current(NOW))
    check(text, nonces=ProofNonces(b"n" * 32))
    with pytest.raises(SenderNonceError):
        check(text, nonces=ProofNonces(b"m" * 32))


def test_o42_a_nonce_tells_the_age_whatever_the_clock_of_the_client_says() -> None:
    nonces = ProofNonces(b"n" * 32)
    check(proof(KEY, nonce=nonces.current(NOW), iat=NOW - 3600), nonces=nonces)
    assert "too old" in refusal(proof(KEY, nonce=nonces.current(NOW), iat=NOW - 3600))


@pytest.mark.parametrize(
    "htu",
    [
        ORDERS + "?page=2",
        ORDERS + "#top",
        ORDERS + "?page=2#top",
        "https://API.EXAMPLE.com/orders",
        "HTTPS://api.example.com:443/orders",
        "https://api.example.com/%6frders",
        "https://api.example.com/x/../orders",
    ],
)
def test_o43_the_url_is_compared_in_its_normal_form(htu: str) -> None:
    check(proof(KEY, htu=htu))


@pytest.mark.parametrize(
    "htu",
    [
        "https://api.example.com/orders/1",
        "https://api.example.com/orders/",
        "https://api.example.com/Orders",
        "http://api.example.com/orders",
        "https://api.example.com:8443/orders",
        "https://evil.example/orders",
        "https://user@api.example.com/orders",
        "https://api.example.com@evil.example/orders",
        "https://api.example.com\\@evil.example/orders",
    ],
)
def test_o43_another_url_is_another(htu: str) -> None:
    assert "URL" in refusal(proof(KEY, htu=htu))


def test_nothing_of_the_proof_stands_in_a_refusal() -> None:
    for spoilt in (proof(KEY, htu="https://canary.example/"), proof(KEY, htm="CANARY"), "canary.canary.canary"):
        assert "canary" not in refusal(spoilt).lower()
