"""Storms over the keys (THREATS J54, J84, J85, J89, J90, R31-R35): random names, outages, partitions, rotations."""

import contextlib
import json
import threading
from collections.abc import Iterator

import pytest
from tests.jose.forge import b64
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.tokens import API, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key
from watchword.verify import KeysUnavailableError, VerificationError, Verifier
from watchword.verify.errors import UnknownKeyError
from watchword.verify.key_source import BRIEF_WAIT, BRIEF_WAITERS, PublishedKeys

HOUR, THREADS, BOGUS = 3600.0, 4, 10_000
FAR = NOW + 10_000_000


@pytest.fixture
def verifier(issuer: LoopbackIssuer, clock: SettableClock) -> Verifier:
    return Verifier(issuer=issuer.url, audience=API, clock=clock)


def token_of(issuer: LoopbackIssuer, key: Key, exp: int = FAR) -> str:
    return access_token(key, iss=issuer.url, exp=exp)


def source(verifier: Verifier) -> PublishedKeys:
    keys = verifier._verification.issuers[0].keys
    assert isinstance(keys, PublishedKeys)
    return keys


def settle(verifier: Verifier) -> None:
    """Wait until no fetch is under way."""
    flight = source(verifier)._flight
    if flight is not None:
        flight.result(timeout=10)


def refused(verifier: Verifier, token: str) -> str:
    try:
        verifier.verify(token)
    except VerificationError as error:
        return error.code
    return ""


def bogus_tokens(issuer: LoopbackIssuer) -> Iterator[str]:
    """Tokens that look right and name keys which do not exist."""
    payload = b64(json.dumps({"iss": issuer.url, "aud": API, "exp": FAR}))
    signature = b64(bytes(64))
    for number in range(BOGUS):
        yield b64(json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": f"bogus-{number}"})) + f".{payload}.{signature}"


@pytest.mark.exhaustive
@pytest.mark.parametrize("is_down", [False, True], ids=["issuer up", "issuer down"])
def test_j84_r33_ten_thousand_random_names_are_two_fetches_a_minute_and_cost_good_tokens_nothing(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier, *, is_down: bool
) -> None:
    """CVE-2026-48524: several threads, two minutes, and an issuer that may be down (J85)."""
    good, bogus = token_of(issuer, issuer.keys[0]), list(bogus_tokens(issuer))
    verifier.verify(good)
    if is_down:
        issuer.fails()
    refused: list[str] = []
    passed: list[str] = []
    seconds = 120

    def storm(tokens: list[str]) -> None:
        for token in tokens:
            try:
                verifier.verify(token)
            except VerificationError as error:
                refused.append(error.code)
        passed.append(verifier.verify(good).sub)

    share = BOGUS // (seconds * THREADS)
    fetched: list[int] = []
    for _ in range(seconds):
        threads = [threading.Thread(target=storm, args=([bogus.pop() for _ in range(share)],)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        settle(verifier)
        fetched.append(issuer.jwks_requests)
        clock.advance(1)
    assert len(refused) == share * THREADS * seconds
    # Whoever meets a fetch under way may be asked to come back; nobody is let in.
    assert set(refused) <= {"key_unknown", "keys_unavailable"}
    assert passed == ["user-1"] * THREADS * seconds
    a_minute = [later - earlier for earlier, later in zip(fetched, fetched[60:], strict=False)]
    assert max(a_minute) <= 2
    assert fetched[-1] <= 5


@pytest.mark.exhaustive
def test_j85_r30_an_outage_of_an_hour_rejects_no_good_token(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier
) -> None:
    good, bogus = token_of(issuer, issuer.keys[0]), bogus_tokens(issuer)
    verifier.verify(good)
    before = issuer.jwks_requests
    issuer.fails(503)
    for _ in range(int(HOUR / 10)):
        clock.advance(10)
        assert verifier.verify(good).sub == "user-1"
        with pytest.raises(VerificationError):
            verifier.verify(next(bogus))
        settle(verifier)
    assert issuer.jwks_requests - before <= 2 * HOUR / 60
    issuer.recovers()
    clock.advance(30)
    assert verifier.verify(good).sub == "user-1"


@pytest.mark.exhaustive
def test_r34_a_partition_of_a_day_fails_closed_with_an_error_of_its_own_and_heals_within_a_minute(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier
) -> None:
    good = token_of(issuer, issuer.keys[0])
    verifier.verify(good)
    issuer.fails()
    for _ in range(48):
        clock.advance(1800)
        assert verifier.verify(good).sub == "user-1"
        settle(verifier)
    clock.advance(HOUR)
    with pytest.raises(KeysUnavailableError) as caught:
        verifier.verify(good)
    assert (caught.value.code, caught.value.status) == ("keys_unavailable", 503)
    issuer.recovers()
    waited = 0
    while waited <= 60:
        clock.advance(5)
        waited += 5
        try:
            assert verifier.verify(good).sub == "user-1"
            break
        except KeysUnavailableError:
            continue
    assert waited <= 60


def test_r35_two_rotations_during_a_partition(issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier) -> None:
    first, second, third = issuer.keys[0], Key.generate("ES256"), Key.generate("ES256")
    old = token_of(issuer, first, exp=NOW + 1200)
    verifier.verify(old)
    issuer.fails()
    issuer.keys = [second]
    clock.advance(600)
    issuer.keys = [third]
    for key in (second, third):
        with pytest.raises(VerificationError) as caught:
            verifier.verify(token_of(issuer, key))
        assert caught.value.code in {"key_unknown", "keys_unavailable"}
        settle(verifier)
    assert verifier.verify(old).sub == "user-1"
    issuer.recovers()
    clock.advance(60)
    assert verifier.verify(token_of(issuer, third)).sub == "user-1"
    for withdrawn in (old, token_of(issuer, second)):
        with pytest.raises(UnknownKeyError):
            verifier.verify(withdrawn)


def test_j90_a_removed_key_is_refused_after_the_next_set_in_the_middle_of_a_storm(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier
) -> None:
    compromised, bogus = token_of(issuer, issuer.keys[0]), bogus_tokens(issuer)
    verifier.verify(compromised)
    issuer.keys = [Key.generate("ES256")]
    clock.advance(30)
    with pytest.raises(VerificationError):
        verifier.verify(next(bogus))  # the storm itself brings the new set
    settle(verifier)
    with pytest.raises(UnknownKeyError):
        verifier.verify(compromised)


def test_r31_a_storm_does_not_bring_another_key_under_a_known_name(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier
) -> None:
    genuine = issuer.keys[0]
    good = token_of(issuer, genuine)
    verifier.verify(good)
    impostor = Key.generate("ES256", kid=genuine.kid)
    issuer.keys = [impostor, Key.generate("ES256")]
    for token in bogus_tokens(issuer):
        clock.advance(30)
        with pytest.raises(VerificationError):
            verifier.verify(token)
        settle(verifier)
        assert verifier.verify(good).sub == "user-1"
        with pytest.raises(VerificationError) as caught:
            verifier.verify(token_of(issuer, impostor))
        assert caught.value.code == "signature_invalid"
        if issuer.jwks_requests > 10:
            break


def test_j89_what_was_forgotten_is_not_learnt_again_from_a_fetch_that_was_under_way(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier
) -> None:
    keys = source(verifier)
    cache = keys.cache
    withdrawn = issuer.keys[0]
    issuer.gate.clear()

    def wait() -> None:
        with contextlib.suppress(KeysUnavailableError):
            keys.find(None)

    late = threading.Thread(target=wait)
    late.start()
    while not issuer.requests:
        late.join(0.01)
    flight = keys._flight
    assert flight is not None
    keys.forget()
    issuer.gate.set()
    flight.result(timeout=10)
    late.join()
    assert cache.snapshot is not None  # it landed in what was left behind
    assert keys.cache.snapshot is None
    issuer.keys = [Key.generate("ES256")]
    clock.advance(1)
    with pytest.raises(UnknownKeyError):
        verifier.verify(token_of(issuer, withdrawn))


def test_r33_a_flood_of_names_holds_only_a_few_threads_while_the_issuer_hangs(
    issuer: LoopbackIssuer, clock: SettableClock, verifier: Verifier
) -> None:
    good, bogus = token_of(issuer, issuer.keys[0]), bogus_tokens(issuer)
    verifier.verify(good)
    keys = source(verifier)
    clock.advance(30)
    issuer.gate.clear()
    asking = threading.Thread(target=refused, args=(verifier, next(bogus)))
    asking.start()
    while issuer.jwks_requests < 2:
        asking.join(0.01)
    flight = keys._flight
    assert flight is not None
    waiting: list[float] = []
    seated = threading.Semaphore(0)
    leave = threading.Event()

    def wait(timeout: float | None = None) -> None:
        waiting.append(timeout or 0.0)
        seated.release()
        leave.wait(5)

    flight.result = wait  # type: ignore[method-assign]  # stands for a wait of 200 ms, which tests do not sit out
    threads = [threading.Thread(target=refused, args=(verifier, next(bogus))) for _ in range(BRIEF_WAITERS)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert seated.acquire(timeout=5)
    for _ in range(100):  # nobody else waits, or this would not end
        assert refused(verifier, next(bogus)) == "keys_unavailable"
    assert waiting == [BRIEF_WAIT] * BRIEF_WAITERS
    assert verifier.verify(good).sub == "user-1"
    leave.set()
    for thread in threads:
        thread.join()
    assert refused(verifier, next(bogus)) == "keys_unavailable"
    assert len(waiting) == BRIEF_WAITERS + 1  # the seats are free again
    issuer.gate.set()
    asking.join()
    settle(verifier)
