"""A key that was removed serves no short way, however early its removal is learnt (THREATS J89, J90, R31)."""

import math
import sys
import threading
from typing import Any

import pytest
from tests.verify.loopback_issuer import LoopbackIssuer
from tests.verify.tokens import API, ISSUER, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify import Verifier
from watchword.verify.errors import UnknownKeyError
from watchword.verify.key_cache import Snapshot


@pytest.mark.parametrize("cached", [False, True])
def test_j90_a_removed_key_falls_when_another_name_had_the_set_fetched(
    issuer: LoopbackIssuer, clock: SettableClock, *, cached: bool
) -> None:
    """Long before the set that was at hand would have been renewed."""
    removed, new = Key.generate("Ed25519"), Key.generate("ES256")
    issuer.keys = [removed]
    issuer.headers = {"cache-control": "max-age=3600"}
    verifier = Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off", cache=cached)
    token = access_token(removed, iss=issuer.url, exp=NOW + 3600)
    for _ in range(3):
        verifier.verify(token)
    issuer.keys = [new]
    clock.advance(31)
    verifier.verify(token)
    verifier.verify(access_token(new, iss=issuer.url))
    for _ in range(2):
        with pytest.raises(UnknownKeyError):
            verifier.verify(token)
        with pytest.raises(UnknownKeyError):
            verifier.verify(access_token(removed, iss=issuer.url, sub="user-2"))


@pytest.mark.parametrize("cached", [False, True])
def test_j90_keys_that_were_forgotten_are_fetched_again(
    issuer: LoopbackIssuer, clock: SettableClock, *, cached: bool
) -> None:
    removed, new = Key.generate("Ed25519"), Key.generate("ES256")
    issuer.keys = [removed]
    verifier = Verifier(issuer=issuer.url, audience=API, clock=clock, revocation="off", cache=cached)
    token = access_token(removed, iss=issuer.url)
    for _ in range(3):
        verifier.verify(token)
    issuer.keys = [new]
    verifier._verification.issuers[0].keys.forget()
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)


@pytest.mark.parametrize("cached", [False, True])
def test_j90_a_set_that_arrives_while_a_token_is_judged_makes_no_header_of_the_old_one_known(*, cached: bool) -> None:
    kept, removed = Key.generate("Ed25519"), Key.generate("Ed25519")
    old, new = KeySet([kept, removed]), KeySet([kept])
    verifier = Verifier(issuer=ISSUER, audience=API, keys=old, clock=SettableClock(NOW), cache=cached)
    token = access_token(removed)
    verification = verifier._verification
    steps = verification.steps(token)
    next(steps)
    exchange(verification.issuers[0].keys, new)
    with pytest.raises(StopIteration):
        steps.send(old)
    for _ in range(2):
        with pytest.raises(UnknownKeyError):
            verifier.verify(token)
        with pytest.raises(UnknownKeyError):
            verifier.verify(access_token(removed, sub="user-2"))


def exchange(source: Any, keys: KeySet) -> None:
    """What the arrival of another set does."""
    source._keys = keys
    source.cache.snapshot = Snapshot(keys, *[math.inf] * 4)


def is_believed(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except UnknownKeyError:
        return False
    return True


@pytest.mark.parametrize("cached", [False, True])
def test_j90_threads_believe_no_key_after_the_set_without_it_is_at_hand(*, cached: bool) -> None:
    kept, removed = Key.generate("HS256"), Key.generate("HS256")
    verifier = Verifier(
        issuer=ISSUER,
        audience=API,
        keys=KeySet([kept, removed]),
        algorithms=["HS256"],
        clock=SettableClock(NOW),
        cache=4 if cached else False,
    )
    source: Any = verifier._verification.issuers[0].keys
    tokens = [access_token(removed, sub=f"user-{number}") for number in range(3)]
    done, turn, wrong = threading.Event(), [0], []

    def work() -> None:
        while not done.is_set():
            before = turn[0]
            for token in tokens:
                found = is_believed(verifier, token)
                if turn[0] == before and before % 2 == 0 and found != (before % 4 == 0):
                    wrong.append((before, found))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=work) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for number in range(60):
            turn[0] += 1  # odd while it is being exchanged
            exchange(source, KeySet([kept] if number % 2 == 0 else [kept, removed]))
            turn[0] += 1
            for _ in range(10):
                verifier.verify(access_token(kept))
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert wrong == []
