"""PostgreSQL through asyncpg; jobs run in SQLAlchemy's ``run_sync``.

Write transactions are SERIALIZABLE, so that a job means the same here as in SQLite, where jobs run one after the
other. What the database cannot put in order it refuses with 40001 or 40P01, and the whole job is run again.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.failpoints import failpoint
from watchword.store.database_time import database_time
from watchword.store.engine import Dialect, Store
from watchword.store.errors import StoreError, StoreUnavailableError
from watchword.store.fencing import fenced
from watchword.store.postgres_connections import PostgresConnections

T = TypeVar("T")

POOL_SIZE = 8
POOL_WAIT = 1.0  # seconds to wait for a free connection
CONNECT_WAIT = 2.0  # seconds to wait for a new one
STATEMENT_TIMEOUT = 2000  # milliseconds, enforced by the database
COMMAND_WAIT = 2.5  # seconds, enforced here: a database that hangs enforces nothing
IDLE_TIMEOUT = 5000  # milliseconds after which the database ends a transaction whose process has stalled
ATTEMPTS = 10  # runs of a job that keeps colliding with others
FREE_ATTEMPTS = 2  # the first of them, made without waiting for a turn
TURN_WAIT = 5.0  # seconds to wait for that turn
BACKOFF = 0.004  # seconds; doubled for each attempt, the real pause being anything up to that
BACKOFF_LIMIT = 0.25

_COLLISIONS = frozenset({"40001", "40P01"})
# Classes and codes that speak of the moment and not of the statement:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_PASSING_CLASSES = frozenset({"08", "28", "3D", "53", "57", "58"})
_PASSING = frozenset({"55P03", "25P03"})
_READ_ONLY = "25006"
_WRITE = "BEGIN ISOLATION LEVEL SERIALIZABLE"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresStore(Store):
    """The store in a PostgreSQL database; belongs to the event loop that uses it first.

    Args:
        url: a libpq connection URI (``sslmode`` and the other parameters of asyncpg's ``dsn`` included).
        patient: let statements take their time.
    """

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, *, patient: bool = False) -> None:
        self._connections = PostgresConnections(lambda: connect(url, patient=patient), size=POOL_SIZE, wait=POOL_WAIT)
        self._turn = asyncio.Lock()

    async def write(self, job: Callable[[Connection], T]) -> T:
        job = fenced(job)
        for attempt in range(FREE_ATTEMPTS):
            try:
                return await self._write_once(job)
            except CollisionError:
                await asyncio.sleep(_pause(attempt))
        # Those that keep colliding go one by one. Left to themselves, fifty writers of one row undo each other's work
        # until some have used up their attempts.
        async with self._in_turn():
            for attempt in range(FREE_ATTEMPTS, ATTEMPTS):
                try:
                    return await self._write_once(job)
                except CollisionError:
                    await asyncio.sleep(_pause(attempt))
        raise StoreUnavailableError("the database is too busy", detail="the job kept colliding with others")

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._turn.acquire(), TURN_WAIT)
        except TimeoutError:
            raise StoreUnavailableError("the database is too busy", detail="others are colliding too") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _write_once(self, job: Callable[[Connection], T]) -> T:
        async with _translated(writing=True), self._transaction(_WRITE) as connection:
            result = await connection.run_sync(job)
            failpoint("store.before_commit")
        failpoint("store.after_commit")
        return result

    async def read(self, job: Callable[[Connection], T]) -> T:
        try:
            return await self._read_once(job)
        except ConnectionLostError:
            return await self._read_once(job)  # it changes nothing: it may be asked twice

    async def _read_once(self, job: Callable[[Connection], T]) -> T:
        async with _translated(), self._transaction(_READ) as connection:
            return await connection.run_sync(job)

    async def read_one(self, job: Callable[[Connection], T]) -> T:
        try:
            return await self._glance(job)
        except ConnectionLostError:
            return await self._glance(job)

    async def _glance(self, job: Callable[[Connection], T]) -> T:
        async with _translated(), self._connections.lent() as loan:
            return await loan.connection.run_sync(job)

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[AsyncConnection]:
        async with self._connections.lent() as loan:
            await _say(loan.driver, begin)
            yield loan.connection
            ended = await _say(loan.driver, "COMMIT")
            if ended != "COMMIT":
                # A job went on after an error and kept it to itself: the database has undone everything.
                raise StoreError("nothing was written", detail=f"COMMIT was answered with {ended}")

    async def now(self) -> float:
        return await self.read_one(database_time)

    async def close(self) -> None:
        await self._connections.close()


async def connect(url: str, *, patient: bool = False) -> Any:
    """A connection to ``url``.

    Args:
        url: a libpq connection URI.
        patient: let statements take their time, as migrations do; otherwise every wait is bounded.
    """
    return await asyncpg.connect(
        url,
        timeout=CONNECT_WAIT,
        command_timeout=None if patient else COMMAND_WAIT,
        server_settings={
            "application_name": "watchword",
            "statement_timeout": "0" if patient else str(STATEMENT_TIMEOUT),
            "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT),
            "timezone": "UTC",
        },
    )


class ConnectionLostError(StoreUnavailableError):
    """The connection ended under way."""


class CollisionError(StoreUnavailableError):
    """What others did at the same time cannot be put in one order with the job: it must be run again."""


async def _say(driver: Any, command: str) -> str:
    """What the database answers to a command of its own.

    Raises:
        ConnectionLostError: the connection had ended, and nobody knew yet.
    """
    try:
        return str(await driver.execute(command))
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if driver.is_closed():
            raise ConnectionLostError("the database does not answer", detail=str(error)) from error
        raise


def _pause(attempt: int) -> float:
    return random.uniform(0, min(BACKOFF * 2**attempt, BACKOFF_LIMIT))  # noqa: S311  jitter, not a secret


@asynccontextmanager
async def _translated(*, writing: bool = False) -> AsyncIterator[None]:
    """Errors as the callers of a store know them: what will pass becomes `StoreUnavailableError`."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise ConnectionLostError("the database does not answer", detail=str(error.orig)) from error
        if sqlstate(error) in _COLLISIONS:
            raise CollisionError("the database is too busy", detail=str(error.orig)) from error
        if _will_pass(sqlstate(error)):
            raise StoreUnavailableError("the database does not answer", detail=str(error.orig)) from error
        if writing and sqlstate(error) == _READ_ONLY:  # a standby, for now; in a read it is the job's own mistake
            raise StoreUnavailableError("the database takes no writes now", detail=str(error.orig)) from error
        raise
    except asyncpg.PostgresError as error:  # while connecting, beginning or committing: SQLAlchemy wraps the rest
        if error.sqlstate in _COLLISIONS:
            raise CollisionError("the database is too busy", detail=str(error)) from error
        raise StoreUnavailableError("the database does not answer", detail=str(error)) from error
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise StoreUnavailableError("the database does not answer", detail=repr(error)) from error


def _will_pass(state: str) -> bool:
    return state[:2] in _PASSING_CLASSES or state in _PASSING


def sqlstate(error: DBAPIError) -> str:
    """The five characters with which PostgreSQL names an error; empty when the error is not its own."""
    return str(getattr(error.orig, "sqlstate", None) or "")
