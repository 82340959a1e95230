"""The bounded pool (THREATS O52)."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from watchword.authn.errors import OverloadedError, UnusableHashError
from watchword.authn.factors.password import PasswordHasher
from watchword.authn.factors.password_hash import Cost, compute

pytestmark = pytest.mark.anyio

CHEAP = Cost(memory=64, passes=1, lanes=1)


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(workers=1, queue=3, cost=CHEAP)
    yield hasher
    hasher.close()


async def test_what_was_hashed_verifies(hasher: PasswordHasher) -> None:
    encoded = await hasher.hash("pässword")
    assert await hasher.verify(encoded, "pässword")
    assert not await hasher.verify(encoded, "passwörd")
    await hasher.verify_dummy("anything")


async def test_length_is_judged_before_hashing(hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """O52: 1024 bytes are hashed whole; one more is wrong without any work."""
    longest = "ä" * 512
    encoded = await hasher.hash(longest)
    assert await hasher.verify(encoded, longest)
    with pytest.raises(ValueError, match="1024"):
        await hasher.hash(longest + "a")
    monkeypatch.setattr("watchword.authn.factors.password_hash.matches", lambda *_: pytest.fail("hashed"))
    assert not await hasher.verify(encoded, longest + "a")
    await hasher.verify_dummy(longest + "a")


async def test_a_full_queue_refuses_and_the_event_loop_goes_on(hasher: PasswordHasher) -> None:
    """O52: one at work, three waiting, the fifth is told when to come back, and nobody else waits for them."""
    gate = threading.Event()
    held = [asyncio.create_task(hasher._run(gate.wait)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refusal:
        await hasher.verify_dummy("x")
    assert refusal.value.retry_after > 0
    assert not any(task.done() for task in held), "the loop has answered while all places are taken"
    gate.set()
    assert await asyncio.gather(*held) == [True] * 4
    assert await hasher.verify(await hasher.hash("x"), "x"), "places are given back"


async def test_a_caller_who_leaves_frees_no_place_before_the_work_is_done(hasher: PasswordHasher) -> None:
    """O52: hanging up must not let more work in than there are places."""
    gate, begun = threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        gate.wait()

    task = asyncio.create_task(hasher._run(job))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    waiting = [asyncio.create_task(hasher._run(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await hasher._run(gate.wait)
    gate.set()
    await asyncio.gather(*waiting)


async def test_stored_parameters_are_judged_and_renewed(hasher: PasswordHasher) -> None:
    """O53"""
    older = compute(b"x", Cost(memory=32, passes=1, lanes=1))
    assert hasher.needs_rehash(older)
    assert await hasher.verify(older, "x")
    assert not hasher.needs_rehash(await hasher.hash("x"))
    with pytest.raises(UnusableHashError):
        await hasher.verify("$2b$12$" + "a" * 53, "x")
