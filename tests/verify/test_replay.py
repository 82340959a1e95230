"""Single use, within one process (THREATS O40; RFC 9449 section 11.1)."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.clock import SettableClock
from watchword.verify.replay import FORGOTTEN_AT_ONCE, ProcessReplays, ReplayStoreFullError, replay_key

NOW = 1_790_000_000


def test_o40_what_was_used_is_not_used_again_until_it_has_expired(clock: SettableClock) -> None:
    store = ProcessReplays(clock=clock)
    assert store.claim("a", NOW + 70)
    assert store.claim("b", NOW + 70)
    assert not store.claim("a", NOW + 70)
    clock.advance(69.9)
    assert not store.claim("a", NOW + 70)
    clock.advance(0.1)
    assert store.claim("a", NOW + 140)


def test_o40_a_clock_that_is_set_back_revives_nothing(clock: SettableClock) -> None:
    store = ProcessReplays(clock=clock)
    assert store.claim("a", NOW + 70)
    clock.advance(60)
    clock.jump(-50)
    clock.advance(20)
    assert not store.claim("a", NOW + 70)


@pytest.mark.parametrize("hours", [1, -1, 87_600])
def test_r47_nor_does_one_that_is_set_wrong_and_right_again(hours: int, clock: SettableClock) -> None:
    store = ProcessReplays(clock=clock)
    assert store.claim("a", NOW + 70)
    clock.jump(hours * 3600)
    assert store.claim("b", clock.now() + 70)
    clock.advance(30)
    clock.jump(-hours * 3600)
    assert not store.claim("a", NOW + 70)
    clock.advance(39)
    assert not store.claim("a", NOW + 70)
    clock.advance(1)
    assert store.claim("a", NOW + 140)


def test_nobody_waits_while_a_flood_is_forgotten(clock: SettableClock) -> None:
    store = ProcessReplays(capacity=1000, clock=clock)
    for number in range(1000):
        assert store.claim(str(number), NOW + 70)
    clock.advance(70)
    assert store.claim("a", NOW + 140)
    assert len(store) == 1000 - FORGOTTEN_AT_ONCE + 1
    for number in range(16):
        assert store.claim(f"b{number}", NOW + 140)
    assert len(store) == 17


def test_o40_of_fifty_threads_exactly_one_wins() -> None:
    store = ProcessReplays(clock=SettableClock(NOW))
    barrier = Barrier(50)

    def claim(key: str) -> bool:
        barrier.wait()
        return store.claim(key, NOW + 70)

    with ThreadPoolExecutor(50) as pool:
        for turn in range(20):
            assert sum(pool.map(claim, [f"key-{turn}"] * 50)) == 1


def test_what_has_expired_takes_no_memory(clock: SettableClock) -> None:
    store = ProcessReplays(capacity=100, clock=clock)
    for number in range(1000):
        assert store.claim(str(number), clock.now() + 70)
        clock.advance(1)
    assert len(store) == 70


def test_a_full_store_refuses_instead_of_forgetting(clock: SettableClock) -> None:
    store = ProcessReplays(capacity=3, clock=clock)
    for key in "abc":
        assert store.claim(key, NOW + 70)
    with pytest.raises(ReplayStoreFullError):
        store.claim("d", NOW + 70)
    assert not store.claim("a", NOW + 70)
    clock.advance(70)
    assert store.claim("d", NOW + 140)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # it is what this test is about
def test_a_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_held() -> None:
    held, release = Event(), Event()

    class SlowClock(SettableClock):
        def now(self) -> float:
            if not held.is_set():
                held.set()
                release.wait(5)
            return super().now()

    store = ProcessReplays(clock=SlowClock(NOW))
    holder = Thread(target=store.claim, args=("a", NOW + 70))
    holder.start()
    held.wait(5)
    status = _in_child(lambda: store.claim("b", NOW + 70))
    release.set()
    holder.join()
    assert status == 0


def _in_child(job: Callable[[], bool]) -> int:
    """The exit status of a forked process: 0 if ``job`` answered True within two seconds."""
    child = os.fork()
    if child == 0:
        answers: list[bool] = []
        worker = Thread(target=lambda: answers.append(job()), daemon=True)
        worker.start()
        worker.join(2)
        os._exit(0 if answers == [True] else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_other_parts_have_another_key(first: list[str], second: list[str]) -> None:
    assert (replay_key(*first) == replay_key(*second)) == (first == second)


def test_a_key_tells_nothing_of_its_parts() -> None:
    key = replay_key("canary", "canary")
    assert len(key) == 43
    assert "canary" not in key
