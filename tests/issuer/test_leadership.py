"""One process leads at a time (R59): a dead leader is followed at once, a paused one is fenced off."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from watchword.clock import SystemClock
from watchword.issuer.leadership import NAME, Leadership
from watchword.store.engine import Store
from watchword.store.fencing import Fence, FencedError, fenced_by
from watchword.store.leader_lock import open_leader_lock
from watchword.store.repositories import leases
from watchword.store.tables import leases as table

pytestmark = pytest.mark.anyio

PATIENCE = 60.0  # seconds for what should take none, however busy the machine is
# Leads when it can and says so; writes when told to, and says what came of it.
PROGRAM = """
import asyncio, sys
from sqlalchemy import select
from watchword.clock import SystemClock
from watchword.issuer.leadership import Leadership
from watchword.store.engine import open_store
from watchword.store.errors import StoreError
from watchword.store.leader_lock import open_leader_lock
from watchword.store.repositories import leases
async def main(url):
    store = open_store(url, shared=True)
    lock = open_leader_lock(url, "leader")
    led = Leadership(store=store, lock=lock, clock=SystemClock(), lease=float(sys.argv[2]), look=float(sys.argv[3]))
    async def duty():
        print("leads", led.fence.number, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            try:
                await store.write(lambda connection: leases.holder_of(connection, "leader"))
                print("written", flush=True)
            except StoreError as error:
                print(error.code, flush=True)
    await led.keep([duty])
asyncio.run(main(sys.argv[1]))
"""


def leadership(store: Store, url: str) -> Leadership:
    return Leadership(store=store, lock=open_leader_lock(url, NAME), clock=SystemClock(), look=0.01)


async def leads(one: Leadership) -> Fence:
    async with asyncio.timeout(PATIENCE):
        while one.fence is None:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
    return one.fence


def pass_away(connection: Connection) -> None:
    """Let the lease in force expire, as a pause of its holder would."""
    connection.execute(update(table).values(expires_at=0.0))


def rename(connection: Connection) -> None:
    connection.execute(update(table).values(holder="written too late"))


async def test_one_leads_and_the_next_follows_when_it_resigns(store: Store, store_url: str) -> None:
    begun: list[str] = []

    async def duty(name: str) -> None:
        begun.append(name)
        await asyncio.Event().wait()

    one, other = leadership(store, store_url), leadership(store, store_url)
    first = asyncio.create_task(one.keep([partial(duty, "one")]))
    fence = await leads(one)
    second = asyncio.create_task(other.keep([partial(duty, "other")]))
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert other.fence is None
    assert begun == ["one"]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    following = await leads(other)
    assert following.number == fence.number + 1
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert begun == ["one", "other"]


async def test_r59_what_a_paused_leader_still_writes_touches_nothing(store: Store) -> None:
    take = partial(leases.take, name="leader", seconds=60)
    first = await store.write(partial(take, holder="first", by_lock=True))
    assert first is not None
    assert await store.write(partial(take, holder="second", by_lock=False)) is None
    await store.write(pass_away)
    second = await store.write(partial(take, holder="second", by_lock=False))
    assert second is not None
    assert second.number > first.number
    with fenced_by(first), pytest.raises(FencedError):
        await store.write(rename)
    assert not await store.write(partial(leases.renew, fence=first, seconds=60))
    await store.write(partial(leases.give_up, fence=first))
    with fenced_by(second):
        await store.write(lambda connection: None)
    found = (await store.read(lambda connection: connection.execute(select(table)).all()))[0]
    assert (found.holder, found.fence) == ("second", second.number)
    assert found.expires_at > 0


@asynccontextmanager
async def process(url: str, *, lease: float, look: float = 0.1) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, url, str(lease), str(look)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGCONT)
            started.kill()
        await started.communicate()


def write(by: asyncio.subprocess.Process) -> None:
    """Have it write something."""
    assert by.stdin is not None
    by.stdin.write(b"write\n")


async def said(of: asyncio.subprocess.Process, word: str) -> str:
    """The next line that begins with ``word``."""
    assert of.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := (await of.stdout.readline()).decode():
            if line.startswith(word):
                return line.strip()
    raise AssertionError(f"it ended before it said {word}")


@pytest.mark.slow
async def test_a_leader_that_was_killed_is_followed_long_before_its_lease_ends(store: Store, store_url: str) -> None:
    async with process(store_url, lease=3600) as one:
        assert await said(one, "leads") == "leads 1"
        async with process(store_url, lease=3600) as other:
            one.kill()
            assert await said(other, "leads") == "leads 2"


@pytest.mark.slow
async def test_r59_a_leader_that_was_stopped_finds_itself_fenced_off(store: Store, store_url: str) -> None:
    # It looks after its lease once and then rests: stopped in the middle of a transaction it would stop SQLite with it.
    async with process(store_url, lease=2, look=3600) as one:
        assert await said(one, "leads") == "leads 1"
        write(one)
        assert await said(one, "written") == "written"
        one.send_signal(signal.SIGSTOP)
        async with process(store_url, lease=3600) as other:
            assert await said(other, "leads") == "leads 2"
            one.send_signal(signal.SIGCONT)
            write(one)
            assert await said(one, "fenced") == "fenced"
            write(other)
            assert await said(other, "written") == "written"


async def test_two_locks_are_two_holders_within_one_process_too(store_url: str) -> None:
    """The second is refused, whichever database it is."""
    one, other = open_leader_lock(store_url, NAME), open_leader_lock(store_url, NAME)
    assert await one.attempt()
    assert await one.attempt()
    assert not await other.attempt()
    await one.release()
    async with asyncio.timeout(PATIENCE):
        while not await other.attempt():  # noqa: ASYNC110  PostgreSQL takes a moment to notice
            await asyncio.sleep(0.01)
    await other.release()
