"""What is remembered of a token, and what is asked anew each time (THREATS J26, J58, J68, J90; decision 0003)."""

import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.tokens import ABSENT, API, ISSUER, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify import VerificationError, Verifier, requirements
from watchword.verify.errors import (
    ScopeMissingError,
    SenderProofMissingError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownKeyError,
)

KEY = Key.generate("Ed25519")
OTHER = Key.generate("ES256")


def verifier_of(clock: SettableClock, **options: Any) -> Verifier:
    return Verifier(**{"issuer": ISSUER, "audience": API, "keys": KeySet([KEY, OTHER]), "clock": clock, **options})


def count(monkeypatch: pytest.MonkeyPatch, key: Key) -> list[int]:
    """How often ``key`` verifies from now on."""
    calls = [0]
    verify = key.verify

    def counted(*arguments: Any) -> Any:
        calls[0] += 1
        return verify(*arguments)

    monkeypatch.setattr(key, "verify", counted)
    return calls


@pytest.mark.parametrize(
    ("options", "expected"), [({}, 1), ({"cache": True}, 1), ({"cache": False}, 3), ({"cache": 0}, 3)]
)
def test_a_signature_is_checked_once_while_it_is_remembered(
    options: dict[str, Any], expected: int, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = verifier_of(clock, **options)
    calls = count(monkeypatch, KEY)
    token = access_token(KEY)
    answers = [verifier.verify("".join(token)) for _ in range(3)]
    assert calls == [expected]
    assert {answer.sub for answer in answers} == {"user-1"}


def test_j58_a_remembered_token_expires_on_the_second(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    token = access_token(KEY)
    verifier.verify(token)
    clock.advance(299.999)
    verifier.verify(token)
    clock.advance(0.001)
    with pytest.raises(TokenExpiredError):
        verifier.verify(token)


def test_leeway_holds_for_remembered_tokens_too(clock: SettableClock) -> None:
    verifier = verifier_of(clock, leeway=30)
    token = access_token(KEY)
    verifier.verify(token)
    clock.advance(329)
    verifier.verify(token)
    clock.advance(1)
    with pytest.raises(TokenExpiredError):
        verifier.verify(token)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_r47_a_clock_that_goes_back_makes_a_remembered_token_early(claim: str, clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    changes: dict[str, Any] = {claim: NOW}
    token = access_token(KEY, **changes)
    verifier.verify(token)
    clock.jump(-11)
    with pytest.raises(TokenNotYetValidError):
        verifier.verify(token)
    clock.jump(1)
    verifier.verify(token)


def test_requirements_are_checked_on_every_request(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    token = access_token(KEY)
    verifier.verify(token)
    with pytest.raises(ScopeMissingError):
        verifier.verify(token, require=requirements(scopes=["admin"]))


def test_o45_a_bound_token_is_refused_again_without_its_proof(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    token = access_token(KEY, cnf={"jkt": "x" * 43})
    for _ in range(3):
        with pytest.raises(SenderProofMissingError):
            verifier.verify(token)


def test_j68_equal_claims_under_different_tokens_are_not_mixed_up(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    tokens = {f"token-{number}": access_token(KEY, jti=f"token-{number}") for number in range(2000)}
    for _ in range(2):
        assert all(verifier.verify(token)["jti"] == jti for jti, token in tokens.items())


def test_j26_another_text_is_another_token(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    token = access_token(KEY)
    verifier.verify(token)
    for changed in (token + "=", token + "\n", " " + token, token[:-1], token.replace(".", "..", 1), token.swapcase()):
        with pytest.raises(VerificationError):
            verifier.verify(changed)


def test_two_verifiers_share_nothing(clock: SettableClock) -> None:
    verifier_of(clock).verify(access_token(KEY))
    with pytest.raises(VerificationError):
        verifier_of(clock, audience="https://other.example.com").verify(access_token(KEY))


def test_refused_tokens_are_not_remembered(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    forged = access_token(KEY)[:-8] + "AAAAAAAA"
    for _ in range(3):
        with pytest.raises(VerificationError):
            verifier.verify(forged)
    assert verifier.status().cached_tokens == 0


@pytest.mark.parametrize("capacity", [1, 2, 10, 100])
def test_what_is_remembered_is_bounded(capacity: int, clock: SettableClock) -> None:
    verifier = verifier_of(clock, cache=capacity)
    for number in range(capacity * 5):
        verifier.verify(access_token(KEY, jti=f"token-{number}"))
    assert 0 < verifier.status().cached_tokens <= capacity + 1


def test_a_token_in_use_outlives_those_that_are_not(clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = verifier_of(clock, cache=10)
    favourite = access_token(OTHER)
    calls = count(monkeypatch, OTHER)
    for number in range(40):
        verifier.verify(favourite)
        verifier.verify(access_token(KEY, jti=f"token-{number}"))
    assert calls == [1]


def test_a_very_long_token_is_not_remembered(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    verifier.verify(access_token(KEY, note="x" * 5000))
    assert verifier.status().cached_tokens == 0


def test_what_a_handler_does_to_claims_stays_with_it(clock: SettableClock) -> None:
    verifier = verifier_of(clock)
    token = access_token(KEY, nested={"groups": ["staff"]}, aud=[API, "https://other.example.com"])
    first = verifier.verify(token)
    first["nested"]["groups"].append("admin")
    first["aud"].clear()
    first.claims["nested"]["groups"].append("admin")
    second = verifier.verify(token)
    assert second["nested"] == {"groups": ["staff"]}
    assert second["aud"] == [API, "https://other.example.com"]
    assert dict(second) == dict(second.claims)


def test_j90_a_remembered_token_falls_with_its_key(issuer: LoopbackIssuer, clock: SettableClock) -> None:
    issuer.headers = {"cache-control": "max-age=60"}
    kept, removed = Key.generate("ES256"), Key.generate("Ed25519")
    issuer.keys = [kept, removed]
    verifier = Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off")
    tokens = {key: access_token(key, iss=issuer.url) for key in issuer.keys}
    for token in tokens.values():
        verifier.verify(token)
    issuer.keys = [kept]
    clock.advance(121)  # nobody asked for a whole lifetime: what is at hand is not believed any more
    verifier.verify(tokens[kept])
    with pytest.raises(UnknownKeyError):
        verifier.verify(tokens[removed])
    assert issuer.jwks_requests == 2


def test_a_renewed_set_with_the_same_key_costs_no_signature(
    issuer: LoopbackIssuer, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off")
    token = access_token(issuer.keys[0], iss=issuer.url, exp=NOW + 9000)
    verifier.verify(token)
    clock.advance(700)
    monkeypatch.setattr("watchword.jose.jws.split", None)
    assert verifier.verify(token).sub == "user-1"
    assert issuer.jwks_requests == 2


def test_threads_that_collide_get_the_right_claims(clock: SettableClock) -> None:
    verifier = verifier_of(clock, cache=4)
    tokens = [(f"user-{number}", access_token(KEY, sub=f"user-{number}")) for number in range(12)]
    wrong: list[str] = []

    def work(offset: int) -> None:
        for turn in range(400):
            subject, token = tokens[(turn * 7 + offset) % len(tokens)]
            if verifier.verify(token).sub != subject:
                wrong.append(subject)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert verifier.status().cached_tokens <= 5


CHANGES: dict[str, list[Any]] = {
    "exp": [NOW + 1, NOW + 40, NOW + 300],
    "iat": [NOW, NOW - 30, NOW + 5],
    "nbf": [ABSENT, NOW, NOW + 8],
    "scope": ["orders:read", ABSENT],
    "roles": [["staff"], ABSENT],
    "cnf": [ABSENT, {"jkt": "x" * 43}],
    "aud": [API, [API], ["https://other.example.com"]],
}
TOKENS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHANGES.items()})


@given(
    st.lists(TOKENS, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0, 1, 5, 39, 60, -8, -20])), max_size=25),
)
def test_the_cached_verifier_says_what_its_uncached_twin_says(
    drafts: list[dict[str, Any]], visits: list[tuple[int, float]]
) -> None:
    """Whatever the order of tokens and the walk of the clock: the same claims, or a refusal of the same code."""
    clock = SettableClock(NOW)
    cached, twin = verifier_of(clock, cache=3), verifier_of(clock, cache=False)
    tokens = [access_token(KEY, **draft) for draft in drafts]
    for index, seconds in visits:
        clock.jump(seconds)
        token = tokens[index % len(tokens)]
        assert outcome(cached, token) == outcome(twin, token)


def outcome(verifier: Verifier, token: str) -> Any:
    try:
        claims = verifier.verify(token, require=requirements(scopes=["orders:read"]))
    except VerificationError as error:
        return error.code
    return dict(claims), claims.scopes, claims.roles, claims.client_id, claims.expires_at
