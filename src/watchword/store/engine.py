"""One door to the database, whichever it is.

What is to be done is said as a *job*: a plain function that takes a SQLAlchemy Core ``Connection``, runs
statements on it and returns a value. Both databases run the same job. It may be run again when the database
asks for that (serialization failure, deadlock), so it has no effect but its statements: no network, no events,
no commit, nothing appended to a list outside. A job that means to go on after a broken constraint puts the statement
into ``connection.begin_nested()``: PostgreSQL takes no further statement otherwise.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from watchword.store.errors import StoreError

T = TypeVar("T")
Dialect = Literal["sqlite", "postgresql"]


class Store(ABC):
    """A database, seen as transactions."""

    dialect: Dialect

    @abstractmethod
    async def write(self, job: Callable[[Connection], T]) -> T:
        """Run ``job`` in one transaction and answer only when that is committed.

        Jobs never see each other half done: they behave as if they ran one after the other. If the job raises,
        nothing of it stays and its exception reaches the caller.

        Args:
            job: what to do; may be run more than once, see the module.

        Returns:
            What the job returned.

        Raises:
            StoreUnavailableError: the database did not answer in time. If the connection was lost during COMMIT the
                outcome is unknown: look before doing it again.
        """

    @abstractmethod
    async def read(self, job: Callable[[Connection], T]) -> T:
        """Run ``job`` on a read-only snapshot of what is committed.

        Raises:
            StoreUnavailableError: the database did not answer in time.
        """

    async def read_one(self, job: Callable[[Connection], T]) -> T:
        """Run ``job``, which is a single statement that changes nothing.

        One statement sees one moment by itself: the database is spared the transaction around it.

        Raises:
            StoreUnavailableError: the database did not answer in time.
        """
        return await self.read(job)

    @abstractmethod
    async def now(self) -> float:
        """The database's clock, UTC epoch seconds."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was accepted and let go of the database."""


def open_store(url: str, *, shared: bool = False, patient: bool = False) -> Store:
    """The store at ``url``; nothing is connected before the first job.

    Args:
        url: ``sqlite:////absolute/path.sqlite`` or ``postgresql://user@host:port/database``.
        shared: several processes write to it. SQLite then takes a file lock around each write transaction, because
            its own waiting starves one of them for seconds; PostgreSQL needs nothing.
        patient: for an operator's command that may touch every row: no statement of PostgreSQL is cut off.

    Raises:
        StoreError: the URL names neither database.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        from watchword.store.sqlite_engine import SQLiteStore  # noqa: PLC0415  each database is loaded when used

        return SQLiteStore(sqlite_path(parsed), shared=shared)
    from watchword.store.postgres_engine import PostgresStore  # noqa: PLC0415  asyncpg is an extra

    return PostgresStore(parsed.render_as_string(hide_password=False), patient=patient)


def parse_url(url: str) -> URL:
    """``url`` taken apart, its scheme being ``sqlite`` or ``postgresql``.

    Raises:
        StoreError: it is neither. The text is not repeated: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("the database URL cannot be read") from None
    if parsed.drivername in {"postgres", "postgresql", "postgresql+asyncpg"}:
        return parsed.set(drivername="postgresql")
    if parsed.drivername == "sqlite":
        return parsed
    raise StoreError("the database URL must start with sqlite:// or postgresql://")


def sqlite_path(url: URL) -> Path:
    """The data file that ``url`` names.

    Raises:
        StoreError: there is none: a database in memory is lost with its connection.
    """
    if not url.database or url.database == ":memory:":
        raise StoreError("the database URL must name a file: sqlite:////absolute/path.sqlite")
    return Path(url.database)
