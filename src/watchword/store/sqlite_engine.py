"""SQLite: one thread writes, a few threads read.

All writes of the process pass through one thread, which runs every job that is waiting inside one transaction, a
savepoint for each, and answers after COMMIT (group commit: one fsync for many callers). Through an asynchronous
driver the same statements are ten times slower. ``synchronous=FULL`` because the last commits of a power cut may be
revocations.
"""

import asyncio
import queue
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from watchword.failpoints import failpoint
from watchword.store.data_file import FileLock, create_private, lock_path
from watchword.store.database_time import database_time
from watchword.store.engine import Dialect, Store
from watchword.store.errors import StoreError, StoreUnavailableError
from watchword.store.fencing import fenced

T = TypeVar("T")

READERS = 3
WAITING_LIMIT = 1000  # jobs that may wait for a thread; more are refused at once
WAITING_TIME = 2.0  # seconds a job may wait for its thread before it is refused
BATCH_LIMIT = 64  # jobs that share a transaction
BUSY_TIMEOUT = 2000  # milliseconds to wait for another process that holds the write lock
JOURNAL_LIMIT = 64 * 1024 * 1024  # bytes of write-ahead log that are kept after a checkpoint

# Primary result codes that speak of the moment and not of the statement: https://www.sqlite.org/rescode.html
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)


class SQLiteStore(Store):
    """The store in a file.

    Args:
        path: the data file; made, for its owner alone (0600), when it does not exist.
        shared: other processes write too: take the file lock ``<path>.lock`` around each write transaction.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        create_private(path)
        lock = FileLock(lock_path(path)) if shared else None
        self._writer = _Writer(path, lock)
        self._reader = _Reader(path)

    async def write(self, job: Callable[[Connection], T]) -> T:
        return await self._writer.submit(fenced(job))

    async def read(self, job: Callable[[Connection], T]) -> T:
        return await self._reader.submit(_in_one_moment(job))

    async def read_one(self, job: Callable[[Connection], T]) -> T:
        return await self._reader.submit(job)

    async def now(self) -> float:
        return await self.read_one(database_time)

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._reader.close)


def make_engine(path: Path, *, writes: bool) -> Engine:
    """An engine whose connections are ready for use by one thread each; it opens no transactions by itself."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        hide_parameters=True,  # errors end up in logs, and parameters are personal data
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver opens no transactions of its own: whoever uses it does
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        if writes:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            if mode != "wal":
                raise StoreError("the data file is on a file system that cannot keep a write-ahead log")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA journal_size_limit={JOURNAL_LIMIT}")
        else:
            connection.execute("PRAGMA query_only=ON")

    return engine


def translate(error: BaseException) -> BaseException:
    """``error`` as the callers of a store know it: what will pass becomes `StoreUnavailableError`."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _PASSING:
        unavailable = StoreUnavailableError("the database does not answer", detail=str(cause))
        unavailable.__cause__ = error
        return unavailable
    if code is not None and code & 0xFF in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        damaged = StoreError("the data file is damaged or no database", detail=str(cause))
        damaged.__cause__ = error
        return damaged
    if isinstance(error, StopIteration):  # which no future can carry
        return RuntimeError("a job raised StopIteration")
    return error


class _Ticket:
    """A job on its way to a thread, and its answer on the way back."""

    def __init__(self, job: Callable[[Connection], Any]) -> None:
        self._job = job
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self._taken = threading.Lock()  # held once by whoever decides first: the thread, or the caller's patience
        self._result: Any = None
        self._error: BaseException | None = None

    def claim(self) -> bool:
        """For the thread: the job is ours to run; false if its caller has gone."""
        return not self.future.cancelled() and self._taken.acquire(blocking=False)

    def give_up(self) -> None:
        """For the caller: stop waiting, unless the job has begun; then its end must be awaited."""
        if self._taken.acquire(blocking=False) and not self.future.done():
            self.future.set_exception(StoreUnavailableError("the database is too busy"))

    def run(self, connection: Connection) -> None:
        """Run the job and keep its answer."""
        self._result = self._job(connection)

    def fail(self, error: BaseException) -> None:
        """Keep ``error`` as the answer, whatever it was before."""
        self._error = translate(error)

    def deliver(self) -> None:
        """In the caller's loop: hand over the answer."""
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)


def _deliver(tickets: list[_Ticket]) -> None:
    """Wake the callers of ``tickets``: one call into each loop, however many wait there."""
    for loop in {ticket.loop for ticket in tickets}:
        mine = [ticket for ticket in tickets if ticket.loop is loop]
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver_all, mine)


def _deliver_all(tickets: list[_Ticket]) -> None:
    for ticket in tickets:
        ticket.deliver()


class _Lane(ABC):
    """A queue of jobs and the threads that serve it."""

    def __init__(self, name: str, threads: int) -> None:
        self._waiting: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        self._started = False

    async def submit(self, job: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailableError("the store is closed")
        if self._waiting.qsize() >= WAITING_LIMIT:
            raise StoreUnavailableError("the database is too busy")
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()
        ticket = _Ticket(job)
        self._waiting.put(ticket)
        patience = ticket.loop.call_later(WAITING_TIME, ticket.give_up)
        try:
            result: T = await ticket.future
        finally:
            patience.cancel()
        return result

    def close(self) -> None:
        """Finish what waits, then end the threads."""
        self._closed = True
        if self._started:
            for _ in self._threads:
                self._waiting.put(None)
            for thread in self._threads:
                thread.join(timeout=10)

    @abstractmethod
    def _serve(self) -> None:
        """Take tickets until None comes."""


class _Reader(_Lane):
    """Threads that each read from a connection of their own."""

    def __init__(self, path: Path) -> None:
        super().__init__("watchword-read", READERS)
        self._engine = make_engine(path, writes=False)

    def _serve(self) -> None:
        connection: Connection | None = None
        while (ticket := self._waiting.get()) is not None:
            if not ticket.claim():
                continue
            try:
                connection = connection or self._engine.connect()
                ticket.run(connection)
            except BaseException as error:  # noqa: BLE001  whatever it is belongs to the caller, not to this thread
                ticket.fail(error)
                if isinstance(error, DBAPIError | sqlite3.Error):
                    _dismiss(connection)
                    connection = None
            _deliver([ticket])
        _dismiss(connection)


def _in_one_moment(job: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """``job`` in a transaction, all of whose statements see the same."""

    def within(connection: Connection) -> T:
        driver = _driver(connection)
        driver.execute("BEGIN")
        try:
            return job(connection)
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")  # it has changed nothing

    return within


class _Writer(_Lane):
    """The one thread that writes."""

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        super().__init__("watchword-write", 1)
        self._engine = make_engine(path, writes=True)
        self._lock = lock
        self._connection: Connection | None = None

    def _serve(self) -> None:
        serving = True
        while serving and (first := self._waiting.get()) is not None:
            batch: list[_Ticket] = []
            try:
                with self._exclusive():
                    serving = self._gather(first, batch)
                    self._commit_together(batch)
            except BaseException as error:  # noqa: BLE001  the batch is rolled back: each of its callers must hear it
                self._dismiss_connection()
                for ticket in batch:
                    ticket.fail(error)
            _deliver(batch)
        self._dismiss_connection()
        if self._lock is not None:
            self._lock.close()

    def _dismiss_connection(self) -> None:
        _dismiss(self._connection)
        self._connection = None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if self._lock is None:
            yield
        else:
            with self._lock.held():
                yield

    def _gather(self, first: _Ticket, batch: list[_Ticket]) -> bool:
        """Put ``first`` and those waiting behind it into ``batch``; false when the last has been seen."""
        ticket: _Ticket | None = first
        while ticket is not None:
            if ticket.claim():
                batch.append(ticket)
            if len(batch) >= BATCH_LIMIT:
                return True
            try:
                ticket = self._waiting.get_nowait()
            except queue.Empty:
                return True
        return False

    def _commit_together(self, batch: list[_Ticket]) -> None:
        if not batch:
            return
        if self._connection is None:
            self._connection = self._engine.connect()
        connection = self._connection
        driver = _driver(connection)
        # IMMEDIATE: a transaction that means to write and begins by reading could not be promoted after another's
        # commit, and waiting would not help it. Whatever is raised from here on ends the connection, and all with it.
        driver.execute("BEGIN IMMEDIATE")
        for ticket in batch:
            self._run_apart(connection, driver, ticket)
        failpoint("store.before_commit")
        driver.execute("COMMIT")
        failpoint("store.after_commit")

    @staticmethod
    def _run_apart(connection: Connection, driver: sqlite3.Connection, ticket: _Ticket) -> None:
        """Run one job of the batch; if it fails, nothing of it stays."""
        driver.execute("SAVEPOINT watchword_job")
        try:
            ticket.run(connection)
        except BaseException as error:  # noqa: BLE001  it belongs to the caller; the batch goes on without it
            ticket.fail(error)
            _check_unbroken(driver)
            driver.execute("ROLLBACK TO watchword_job")
        _check_unbroken(driver)
        driver.execute("RELEASE watchword_job")


def _driver(connection: Connection) -> sqlite3.Connection:
    """What runs statements without SQLAlchemy, whose transactions and savepoints take longer than a refresh."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _check_unbroken(driver: sqlite3.Connection) -> None:
    # A full disk or an I/O error ends the whole transaction and not only the savepoint: what earlier jobs of the
    # batch did is gone too, and must not be acknowledged.
    if not driver.in_transaction:
        raise StoreUnavailableError("the database gave up the transaction")


def _dismiss(connection: Connection | None) -> None:
    """Close a connection that is not needed or not trusted any more."""
    if connection is not None:
        with suppress(Exception):
            connection.close()
