"""Tokens work only for those to whom they were given (THREATS J92, O40-O47; RFC 9449, RFC 8705)."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from tests.verify.proofs import TOKEN, proof
from tests.verify.test_certificate import BASE64, DER
from tests.verify.tokens import API, NOW, claims

from watchword.clock import SettableClock
from watchword.jose import Key
from watchword.oauth.dpop import ath
from watchword.verify.certificate import certificate_thumbprint
from watchword.verify.errors import (
    ClaimInvalidError,
    PresentationError,
    SenderNonceError,
    SenderProofError,
    SenderProofMissingError,
    UnavailableError,
    VerificationError,
    VerifierSettingsError,
)
from watchword.verify.presented import PresentedToken, Scheme
from watchword.verify.replay import ProcessReplays
from watchword.verify.sender import SenderCheck, SenderPolicy

KEY = Key.generate("ES256")
JKT = KEY.thumbprint()
X5T = certificate_thumbprint(DER)
BY_KEY = {"jkt": JKT}
BY_CERTIFICATE = {"x5t#S256": X5T}
SECRET = b"n" * 32


def checker(policy: SenderPolicy | None = None, *, audience: str = API) -> SenderCheck:
    return SenderCheck(policy or SenderPolicy(), audience, SettableClock(NOW))


def presented(*proofs: str, scheme: Scheme = "DPoP", path: str = "/orders", **changes: Any) -> PresentedToken:
    return PresentedToken(TOKEN, scheme, proofs, "GET", path, **changes)


def check(sender: SenderCheck, request: PresentedToken | None, bound: dict[str, str] | None = None) -> None:
    """What ``sender`` says of a token that is bound, or not."""
    sender.check(request, TOKEN, claims() if bound is None else claims(cnf=bound), now=NOW)


def test_an_unbound_token_needs_nothing() -> None:
    check(checker(), None)
    check(checker(), presented(scheme="Bearer"))
    check(checker(), presented("not even a proof", scheme="Bearer"))


def test_a_bound_token_works_with_a_proof_of_its_key() -> None:
    check(checker(), presented(proof(KEY)), BY_KEY)


def test_j92_a_stolen_token_is_of_no_use_without_the_key() -> None:
    thief = Key.generate("ES256")
    for request in (None, presented(), presented(scheme="Bearer"), presented(proof(thief), scheme="Bearer")):
        with pytest.raises(SenderProofMissingError):
            check(checker(), request, BY_KEY)
    with pytest.raises(SenderProofError):
        check(checker(), presented(proof(thief)), BY_KEY)


def test_o45_a_bound_token_is_no_bearer_token_though_a_good_proof_comes_along() -> None:
    with pytest.raises(SenderProofMissingError):
        check(checker(), presented(proof(KEY), scheme="Bearer"), BY_KEY)


def test_o45_an_unbound_token_is_refused_under_the_scheme_of_bound_ones() -> None:
    for request in (presented(), presented(proof(KEY))):
        with pytest.raises(SenderProofError) as caught:
            check(checker(), request)
        assert caught.value.error == "invalid_token"


def test_o45_where_binding_is_required_no_unbound_token_passes() -> None:
    """Keycloak #48428: unbound tokens came out of the front channel although binding was enforced."""
    sender = checker(SenderPolicy(dpop="require"))
    for request in (None, presented(scheme="Bearer"), presented(proof(KEY))):
        with pytest.raises(SenderProofError):
            check(sender, request)
    with pytest.raises(SenderProofError):
        check(sender, presented(scheme="Bearer", certificate=DER), BY_CERTIFICATE)
    check(sender, presented(proof(KEY)), BY_KEY)


def test_o44_a_proof_for_another_token_of_the_same_caller_is_refused() -> None:
    with pytest.raises(SenderProofError, match="another access token"):
        check(checker(), presented(proof(KEY, ath=ath("another"))), BY_KEY)


def test_o44_two_proofs_are_none() -> None:
    with pytest.raises(SenderProofMissingError):
        check(checker(), presented(proof(KEY), proof(KEY, jti="proof-2")), BY_KEY)


def test_o40_a_proof_works_once() -> None:
    sender, text = checker(), proof(KEY)
    check(sender, presented(text), BY_KEY)
    with pytest.raises(SenderProofError, match="used before"):
        check(sender, presented(text), BY_KEY)
    check(sender, presented(proof(KEY, jti="proof-2")), BY_KEY)


def test_o40_the_identifier_counts_and_not_the_bytes_of_the_proof() -> None:
    """FixedJtiClaim: another signature over the same identifier, for the same URL otherwise written."""
    sender = checker()
    check(sender, presented(proof(KEY)), BY_KEY)
    with pytest.raises(SenderProofError, match="used before"):
        check(sender, presented(proof(KEY, iat=NOW - 1, htu=API + ":443/orders?x")), BY_KEY)


def test_o40_the_same_identifier_by_another_key_or_for_another_url_is_another() -> None:
    sender, other = checker(), Key.generate("ES256")
    check(sender, presented(proof(KEY)), BY_KEY)
    check(sender, presented(proof(other)), {"jkt": other.thumbprint()})
    check(sender, presented(proof(KEY, htu=API + "/items"), path="/items"), BY_KEY)


def test_o40_a_refused_proof_is_not_spent() -> None:
    sender, text = checker(), proof(KEY)
    with pytest.raises(SenderProofError):
        check(sender, presented(text, path="/items"), BY_KEY)
    check(sender, presented(text), BY_KEY)


def test_o40_two_workers_that_share_a_store_take_a_proof_once_and_others_once_each() -> None:
    store = ProcessReplays(clock=SettableClock(NOW))
    workers = [checker(SenderPolicy(replay=store)) for _ in range(2)]
    text = proof(KEY)
    check(workers[0], presented(text), BY_KEY)
    with pytest.raises(SenderProofError):
        check(workers[1], presented(text), BY_KEY)
    check(checker(), presented(text), BY_KEY)  # as `SenderPolicy` says of processes that share nothing


def test_o40_of_fifty_requests_with_one_proof_exactly_one_passes() -> None:
    sender, request, barrier = checker(), presented(proof(KEY)), Barrier(50)

    def passes(_: int) -> bool:
        barrier.wait()
        try:
            check(sender, request, BY_KEY)
        except SenderProofError:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(passes, range(50))) == 1


def test_o40_a_store_that_cannot_be_asked_lets_nothing_pass() -> None:
    class Broken:
        def claim(self, key: str, expires_at: float) -> bool:
            raise ConnectionError("redis://:canary@store")

    with pytest.raises(UnavailableError) as caught:
        check(checker(SenderPolicy(replay=Broken())), presented(proof(KEY)), BY_KEY)
    assert (caught.value.status, caught.value.detail) == (503, "the replay store failed with ConnectionError")
    assert "canary" not in str(caught.value)


def test_o40_only_a_plain_yes_of_the_store_counts() -> None:
    class Vague:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def claim(self, key: str, expires_at: float) -> bool:
            return self.answer  # type: ignore[no-any-return]

    check(checker(SenderPolicy(replay=Vague(True))), presented(proof(KEY)), BY_KEY)
    for answer in (None, False, 0, 1, "QUEUED", object()):
        with pytest.raises(SenderProofError):
            check(checker(SenderPolicy(replay=Vague(answer))), presented(proof(KEY)), BY_KEY)


def test_o41_the_age_that_is_allowed_can_be_chosen() -> None:
    check(checker(), presented(proof(KEY, iat=NOW - 60)), BY_KEY)
    with pytest.raises(SenderProofError):
        check(checker(), presented(proof(KEY, iat=NOW - 61)), BY_KEY)
    with pytest.raises(SenderProofError):
        check(checker(SenderPolicy(proof_age=10)), presented(proof(KEY, iat=NOW - 11)), BY_KEY)


def test_o42_nonces_are_demanded_told_and_taken_by_every_replica() -> None:
    replicas = [checker(SenderPolicy(nonce_secret=SECRET)) for _ in range(2)]
    with pytest.raises(SenderNonceError) as caught:
        check(replicas[0], presented(proof(KEY)), BY_KEY)
    assert caught.value.nonce == replicas[1].nonce(NOW)
    check(replicas[1], presented(proof(KEY, nonce=caught.value.nonce)), BY_KEY)
    assert checker().nonce(NOW) is None


@pytest.mark.parametrize(
    ("origin", "path", "htu"),
    [
        (None, "/orders", API + "/orders"),
        (None, "/orders/%7euser", API + "/orders/~user"),
        ("https://public.example", "/orders", "https://public.example/orders"),
        ("https://PUBLIC.example:443/", "/orders", "https://public.example/orders"),
        ("http://localhost:8000", "/", "http://localhost:8000"),
        ("https://public.example/api", "/orders", "https://public.example/api/orders"),
        ("https://public.example/api/", "/", "https://public.example/api/"),
        ("https://public.example/api", "/../admin", "https://public.example/api/admin"),
    ],
)
def test_o43_the_url_is_made_of_the_configured_origin_and_the_path(origin: str | None, path: str, htu: str) -> None:
    sender = checker(SenderPolicy(origin=origin), audience=API + "/some/path")
    check(sender, presented(proof(KEY, htu=htu), path=path), BY_KEY)


@pytest.mark.parametrize(
    ("origin", "path", "htu"),
    [
        (None, "/orders", "https://evil.example/orders"),
        ("https://public.example", "/orders", API + "/orders"),
        ("https://public.example/api", "/../admin", "https://public.example/admin"),
        ("https://public.example/api", "/orders", "https://public.example/orders"),
        (None, "//evil.example/orders", "https://evil.example/orders"),
        (None, "@evil.example/orders", API + "@evil.example/orders"),
        (None, "https://evil.example/orders", "https://evil.example/orders"),
        (None, "*", API),
        (None, "", API),
        (None, "/orders?x", API + "/orders"),
        (None, "/orders#x", API + "/orders"),
        (None, "/\u00f6", API + "/\u00f6"),
    ],
)
def test_o43_what_else_the_request_says_of_its_url_does_not_count(origin: str | None, path: str, htu: str) -> None:
    with pytest.raises(SenderProofError):
        check(checker(SenderPolicy(origin=origin)), presented(proof(KEY, htu=htu), path=path), BY_KEY)


def test_without_an_origin_bound_tokens_are_refused_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    sender = checker(audience="urn:example:api")
    check(sender, presented(scheme="Bearer"))
    check(sender, presented(scheme="Bearer", certificate=DER), BY_CERTIFICATE)
    with caplog.at_level(logging.ERROR), pytest.raises(SenderProofError):
        check(sender, presented(proof(KEY)), BY_KEY)
    assert "SenderPolicy(origin=" in caplog.text
    check(checker(SenderPolicy(origin=API), audience="urn:example:api"), presented(proof(KEY)), BY_KEY)


@pytest.mark.parametrize(
    "cnf",
    [
        None,
        "x",
        [],
        {},
        {"jkt": JKT, "jwk": {}},
        {"jwk": KEY.public().to_dict()},
        {"kid": "key-1"},
        {"x5t": X5T},
        {"x5t#s256": X5T},
        {"jkt": None},
        {"jkt": ""},
        {"jkt": [JKT]},
        {"jkt": JKT + "="},
        {"jkt": JKT[:-1]},
        {"jkt": JKT + "\n"},
        {"jkt": JKT, "x5t#S256": None},
        {"x5t#S256": 1},
    ],
)
def test_a_binding_that_is_not_understood_is_refused_and_never_ignored(cnf: Any) -> None:
    for request in (None, presented(scheme="Bearer", certificate=DER), presented(proof(KEY), certificate=DER)):
        with pytest.raises(ClaimInvalidError) as caught:
            checker().check(request, TOKEN, claims(cnf=cnf), now=NOW)
        assert caught.value.claim == "cnf"


def test_o47_a_token_bound_to_a_certificate_works_on_its_connection_only() -> None:
    check(checker(), presented(scheme="Bearer", certificate=DER), BY_CERTIFICATE)
    for request in (None, presented(scheme="Bearer")):
        with pytest.raises(SenderProofMissingError):
            check(checker(), request, BY_CERTIFICATE)
    with pytest.raises(SenderProofError) as caught:
        check(checker(), presented(scheme="Bearer", certificate=DER + b"\0"), BY_CERTIFICATE)
    assert caught.value.error == "invalid_token"


def test_what_is_bound_twice_is_proven_twice() -> None:
    bound = {**BY_KEY, **BY_CERTIFICATE}
    check(checker(), presented(proof(KEY), certificate=DER), bound)
    insufficient: tuple[PresentedToken, ...] = (
        presented(proof(KEY)),
        presented(certificate=DER),
        presented(proof(KEY), certificate=b"other"),
        presented(proof(Key.generate("ES256")), certificate=DER),
        presented(scheme="Bearer", certificate=DER),
    )
    for request in insufficient:
        with pytest.raises(VerificationError):
            check(checker(), request, bound)


def test_o47_a_certificate_in_a_header_counts_only_where_a_proxy_is_trusted_with_it() -> None:
    """Whoever sends the header directly to a service that was not told of it gains nothing."""
    assert SenderPolicy().certificate_from([f":{BASE64}:"]) is None
    trusting = SenderPolicy(danger_certificate_header="Client-Cert")
    assert trusting.certificate_from([f":{BASE64}:"]) == DER
    assert trusting.certificate_from([]) is None
    assert trusting.certificate_from([""]) is None


def test_o47_a_second_header_beside_the_proxys_is_refused() -> None:
    trusting = SenderPolicy(danger_certificate_header="Client-Cert")
    for values in ([f":{BASE64}:", f":{BASE64}:"], ["", f":{BASE64}:"]):
        with pytest.raises(PresentationError):
            trusting.certificate_from(values)


@pytest.mark.parametrize(
    "options",
    [
        {"origin": ""},
        {"origin": "api.example.com"},
        {"origin": "ftp://api.example.com"},
        {"origin": "https://user@api.example.com"},
        {"origin": "https://api.example.com?x"},
        {"origin": "https://api.example.com#x"},
        {"origin": 1},
        {"dpop": "optional"},
        {"nonce_secret": b"short"},
        {"nonce_secret": "n" * 32},
        {"proof_age": 0},
        {"proof_age": 301},
        {"proof_age": True},
        {"proof_age": "60"},
        {"proof_age": float("nan")},
        {"danger_certificate_header": "Client Cert"},
        {"danger_certificate_header": ""},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(VerifierSettingsError):
        SenderPolicy(**options)


def test_the_secret_of_the_nonces_does_not_show_itself() -> None:
    assert "canary" not in repr(SenderPolicy(nonce_secret=b"canary" * 6))
