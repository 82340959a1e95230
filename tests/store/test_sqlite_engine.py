"""What only SQLite has to be asked: its file, its locks, its limits."""

import asyncio
import shutil
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text, update

from watchword.store import sqlite_engine
from watchword.store.data_file import FileLock, lock_path
from watchword.store.engine import open_store
from watchword.store.errors import StoreError, StoreUnavailableError
from watchword.store.sqlite_engine import SQLiteStore
from watchword.store.tables import leases

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    copy = tmp_path / "store.sqlite"
    shutil.copyfile(sqlite_template, copy)
    copy.chmod(0o600)
    return copy


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path)
    yield store
    await store.close()


def make_lease(connection: Connection) -> None:
    connection.execute(insert(leases).values(name="counter", holder="nobody", fence=0, expires_at=0))


def bump(connection: Connection) -> int:
    statement = update(leases).values(fence=leases.c.fence + 1).returning(leases.c.fence)
    return int(connection.execute(statement).scalar_one())


def fence(connection: Connection) -> int:
    return int(connection.execute(select(leases.c.fence)).scalar_one())


def modes_in(directory: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}


def open_to_others(path: Path) -> None:
    path.chmod(0o644)


async def writer_held(store: SQLiteStore, until: threading.Event) -> "asyncio.Task[bool]":
    """Keep the writing thread busy with a job of its own ``until`` that is set."""
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()

    def job(_: Connection) -> bool:
        loop.call_soon_threadsafe(begun.set)
        return until.wait(5)

    task = asyncio.create_task(store.write(job))
    await begun.wait()
    return task


class EndOfTestError(BaseException):
    """What ``pytest.fail`` raises is no Exception either."""


def pragma(name: str) -> Any:
    return lambda connection: connection.execute(text(f"PRAGMA {name}")).scalar_one()


async def test_the_file_and_its_companions_are_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    store = open_store(f"sqlite:///{path}", shared=True)
    await store.write(lambda connection: connection.execute(text("CREATE TABLE t (x)")) and None)
    modes = modes_in(tmp_path)
    await store.close()
    assert modes == dict.fromkeys(("new.sqlite", "new.sqlite-wal", "new.sqlite-shm", "new.sqlite.lock"), 0o600)


async def test_a_file_that_was_left_open_to_others_is_closed(path: Path) -> None:
    open_to_others(path)
    await SQLiteStore(path).close()
    assert modes_in(path.parent)[path.name] == 0o600


async def test_commits_survive_a_power_cut_and_relations_hold(sqlite: SQLiteStore) -> None:
    assert await sqlite.write(pragma("journal_mode")) == "wal"
    assert await sqlite.write(pragma("synchronous")) == 2  # FULL
    assert await sqlite.write(pragma("foreign_keys")) == 1
    assert await sqlite.read(pragma("foreign_keys")) == 1


async def test_jobs_that_wait_together_share_a_commit(sqlite: SQLiteStore, path: Path) -> None:
    """Group commit: fifty callers cost far fewer than fifty commits, and none is answered before its own."""
    await sqlite.write(make_lease)
    watcher = sqlite3.connect(path)
    statements: list[str] = []

    def trace(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(statements.append)

    await sqlite.write(trace)
    statements.clear()
    held = threading.Event()
    blocking = await writer_held(sqlite, held)
    waiting = [asyncio.create_task(sqlite.write(bump)) for _ in range(50)]
    await asyncio.sleep(0)
    assert watcher.execute("SELECT fence FROM leases").fetchone() == (0,)
    held.set()
    await blocking
    assert await asyncio.gather(*waiting) == list(range(1, 51))
    watcher.close()
    assert statements.count("COMMIT") == 2
    assert sum(one.startswith("UPDATE") for one in statements) == 50


async def test_another_process_that_holds_the_write_lock_makes_it_unavailable(
    sqlite: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R27: busy_timeout, then a refusal; reads go on, and afterwards everything does."""
    monkeypatch.setattr(sqlite_engine, "BUSY_TIMEOUT", 20)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError):
        await sqlite.write(make_lease)
    assert await sqlite.read(pragma("user_version")) == 0
    other.execute("ROLLBACK")
    other.close()
    await sqlite.write(make_lease)


async def test_a_held_file_lock_is_waited_for_no_longer_than_patience(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller that gave up is told so, and its job never runs."""
    monkeypatch.setattr(sqlite_engine, "WAITING_TIME", 0.02)
    store = SQLiteStore(path, shared=True)
    await store.write(make_lease)
    lock = FileLock(lock_path(path))
    with lock.held():
        refused = await asyncio.gather(store.write(bump), store.write(bump), return_exceptions=True)
    assert [type(answer) for answer in refused] == [StoreUnavailableError] * 2
    assert await store.read(fence) == 0
    assert await store.write(bump) == 1
    lock.close()
    await store.close()


async def test_too_many_waiting_jobs_are_refused_at_once(sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """I8: overload is a refusal, not a growing queue."""
    monkeypatch.setattr(sqlite_engine, "WAITING_LIMIT", 10)
    held = threading.Event()
    blocking = await writer_held(sqlite, held)
    answers = asyncio.gather(*(sqlite.write(lambda _: None) for _ in range(40)), return_exceptions=True)
    await asyncio.sleep(0)
    held.set()
    await blocking
    refused = [answer for answer in await answers if isinstance(answer, StoreUnavailableError)]
    assert len(refused) == 30


async def test_a_full_disk_is_unavailable_and_recovers(sqlite: SQLiteStore) -> None:
    """R28: nothing of a transaction that did not fit stays, and nobody in its batch is told otherwise."""
    await sqlite.write(make_lease)
    pages = await sqlite.write(pragma("page_count"))
    await sqlite.write(pragma(f"max_page_count={pages}"))

    def fill(connection: Connection) -> None:
        for number in range(200):
            connection.execute(insert(leases).values(name=f"{number:060}", holder="x" * 64, fence=0, expires_at=0))

    answers = await asyncio.gather(sqlite.write(fill), sqlite.write(bump), return_exceptions=True)
    assert isinstance(answers[0], StoreUnavailableError)
    kept = await sqlite.read(fence)
    assert kept == (answers[1] if isinstance(answers[1], int) else 0)
    await sqlite.write(pragma("max_page_count=1000000"))
    await sqlite.write(fill)
    assert await sqlite.read(pragma("integrity_check")) == "ok"


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be looked at" * 20])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """R29"""
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    store = SQLiteStore(path)
    for access in (store.read, store.write):
        with pytest.raises(StoreError, match="damaged or no database") as caught:
            await access(pragma("user_version"))
        assert not isinstance(caught.value, StoreUnavailableError)
    await store.close()
    assert path.read_bytes() == content


async def test_a_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        SQLiteStore(tmp_path / "missing" / "store.sqlite")


@pytest.mark.parametrize("name", ["a?b.sqlite", "a%20b.sqlite", "a#b.sqlite", "ä b.sqlite", "file:x.sqlite"])
async def test_any_file_name_is_only_a_file_name(tmp_path: Path, name: str) -> None:
    store = SQLiteStore(tmp_path / name)
    await store.write(lambda connection: connection.execute(text("CREATE TABLE t (x)")) and None)
    assert await store.read(lambda connection: connection.execute(text("SELECT count(*) FROM t")).scalar_one()) == 0
    await store.close()
    assert list(modes_in(tmp_path)) == [name]


async def test_closing_finishes_what_was_accepted_and_refuses_the_rest(path: Path) -> None:
    store = SQLiteStore(path)
    await store.write(make_lease)
    waiting = [asyncio.create_task(store.write(bump)) for _ in range(20)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*waiting) == list(range(1, 21))
    with pytest.raises(StoreUnavailableError):
        await store.write(bump)
    with pytest.raises(StoreUnavailableError):
        await store.read(fence)


async def test_whatever_a_job_raises_the_threads_live_on(sqlite: SQLiteStore) -> None:
    def raiser(error: BaseException) -> Any:
        def job(_: Connection) -> None:
            raise error

        return job

    for access in (sqlite.write, sqlite.read):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await access(raiser(StopIteration()))
        with pytest.raises(EndOfTestError):
            await access(raiser(EndOfTestError()))
    await sqlite.write(make_lease)
    assert await sqlite.read(fence) == 0


async def test_a_job_that_ends_the_transaction_itself_is_told_so(sqlite: SQLiteStore) -> None:
    """A commit inside a job would let its neighbours be acknowledged by halves."""
    await sqlite.write(make_lease)

    def overreach(connection: Connection) -> None:
        bump(connection)
        connection.exec_driver_sql("COMMIT")

    with pytest.raises(StoreUnavailableError):
        await sqlite.write(overreach)
    assert await sqlite.write(bump) > 0
