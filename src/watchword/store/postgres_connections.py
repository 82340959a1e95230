"""Connections to PostgreSQL that are open already, lent to one job each.

SQLAlchemy's own pool makes a new `AsyncConnection` around the driver's for each loan, which costs as much as three
statements. Here the pair stays together for as long as the driver's lives.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from watchword.store.errors import StoreUnavailableError


class Loan(NamedTuple):
    """A connection as SQLAlchemy has it, outside of any transaction, and as the driver does."""

    connection: AsyncConnection
    driver: Any

    @property
    def is_usable(self) -> bool:
        """Whether it may be lent, judged without asking the server: a reset has been noticed by now."""
        return not (self.driver.is_closed() or self.driver.is_in_transaction() or self.connection.invalidated)


class PostgresConnections:
    """At most ``size`` connections, made when they are needed; for one event loop.

    Args:
        connect: makes the driver's.
        size: how many there may be at once.
        wait: seconds to wait for one that is free.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], *, size: int, wait: float) -> None:
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            poolclass=NullPool,
            hide_parameters=True,  # errors end up in logs, and parameters are personal data
            isolation_level="AUTOCOMMIT",  # SQLAlchemy opens no transactions of its own: a store does
        )
        self._wait = wait
        self._places = asyncio.Semaphore(size)
        self._idle: list[Loan] = []  # the one used last is at the end, and is the next: it is the warmest
        self._is_closed = False

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Loan]:
        """A connection for the time of the block; whatever fails in it leaves no trace on the connection.

        Raises:
            StoreUnavailableError: none was free in time.
        """
        await self._take_place()
        try:
            loan = await self._usable()
            try:
                yield loan
            except BaseException as error:
                await _undo(loan.driver, error)
                raise
            finally:
                if loan.is_usable and not self._is_closed:
                    self._idle.append(loan)
                else:
                    await self._discard(loan)
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close those that are idle now, and the others when they come back."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().connection.close()
        await self._engine.dispose()

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self._wait):
                await self._places.acquire()
        except TimeoutError:
            raise StoreUnavailableError("the database is too busy", detail="no connection was free") from None

    async def _usable(self) -> Loan:
        while self._idle:
            loan = self._idle.pop()
            if loan.is_usable:
                return loan
            await self._discard(loan)
        connection = await self._engine.connect()
        return Loan(connection, (await connection.get_raw_connection()).driver_connection)

    @staticmethod
    async def _discard(loan: Loan) -> None:
        loan.driver.terminate()  # at once: the server undoes what was under way
        await asyncio.shield(loan.connection.close())


async def _undo(driver: Any, error: BaseException) -> None:
    """End a transaction that failed; when it is not sure that it ended, the connection ends with it."""
    if isinstance(error, TimeoutError | OSError) or not isinstance(error, Exception):
        driver.terminate()  # nothing answers there, or its answer would come too late
    elif not driver.is_closed() and driver.is_in_transaction():
        try:
            await driver.execute("ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            driver.terminate()
