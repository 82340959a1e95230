"""Another process has committed: whoever listens is woken, also after the connection was lost (R41)."""

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from watchword.store import postgres_wake
from watchword.store.engine import open_store
from watchword.store.repositories import journal
from watchword.store.repositories.journal import CHANNEL, NewEntry
from watchword.store.wake import open_wake

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = pytest.mark.anyio

PATIENCE = 60.0  # seconds for what should take none, however busy the machine is
PROGRAM = """
import asyncio, sys
from functools import partial
from watchword.store.engine import open_store
from watchword.store.repositories import journal
async def main():
    store = open_store(sys.argv[1], shared=True)
    entry = journal.NewEntry("grant", "A" * 22, 1.0)
    await store.write(partial(journal.append, entries=[entry], now=0.0))
    await store.close()
asyncio.run(main())
"""


async def commit_elsewhere(url: str) -> None:
    """Withdraw something in another process."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, url)
    assert await process.wait() == 0


async def woken(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await event.wait()
    event.clear()


async def test_whoever_listens_is_woken_by_a_commit_of_another_process(store_url: str) -> None:
    wake, event = open_wake(store_url), asyncio.Event()
    async with wake.telling(event.set):
        await woken(event)  # once at the beginning: who begins to listen has missed what came before
        for _ in range(2):
            await commit_elsewhere(store_url)
            await woken(event)


async def test_two_listen_and_one_stays(store_url: str) -> None:
    wake, one, other = open_wake(store_url), asyncio.Event(), asyncio.Event()
    async with wake.telling(one.set):
        async with wake.telling(other.set):
            await commit_elsewhere(store_url)
            await woken(one)
            await woken(other)
        await commit_elsewhere(store_url)
        await woken(one)
    assert not other.is_set()


async def test_a_file_that_is_away_is_looked_for_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("wake") / "data.sqlite"
    wake, event = open_wake(f"sqlite:///{path}"), asyncio.Event()
    async with wake.telling(event.set):
        store = open_store(f"sqlite:///{path}")
        await store.write(lambda connection: connection.execute(text("CREATE TABLE x (y)")) and None)
        await woken(event)
        await store.close()


@pytest.mark.postgres
async def test_a_listener_that_lost_its_connection_comes_back_and_tells_at_once(
    postgres_server: "PostgresServer", postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R41"""
    monkeypatch.setattr(postgres_wake, "_PAUSE", 0.01)
    url = postgres_server.url(postgres_database)
    store = open_store(url)
    wake, event = open_wake(url), asyncio.Event()
    async with wake.telling(event.set):
        await woken(event)
        for _ in range(3):
            ended = await store.read(
                lambda connection: connection.execute(
                    text(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND query LIKE :listen"
                    ),
                    {"listen": f"%LISTEN%{CHANNEL}%"},
                ).scalar_one()
            )
            assert ended == 1
            await woken(event)  # it listens again
            await store.write(partial(journal.append, entries=[NewEntry("grant", "B" * 22, 1.0)], now=0.0))
            await woken(event)
    await store.close()
