"""An advisory lock of PostgreSQL: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS"""

import hashlib
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from watchword.store.errors import StoreUnavailableError
from watchword.store.leader_lock import LeaderLock
from watchword.store.postgres_engine import connect


class AdvisoryLeaderLock(LeaderLock):
    """Held by a connection of its own, with whose end it ends.

    Args:
        url: a libpq connection URI.
        name: of what is led.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        digest = hashlib.sha256(f"watchword leader {name}".encode()).digest()
        self._number = int.from_bytes(digest[:8], "big", signed=True)
        self._connection: Any = None
        self._is_held = False

    async def attempt(self) -> bool:
        try:
            if self._connection is None or self._connection.is_closed():
                self._is_held = False
                self._connection = await connect(self._url)
            if self._is_held:
                await self._connection.execute("SELECT 1")  # a lock whose connection was cut is another's
                return True
            self._is_held = bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", self._number))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await self.release()
            raise StoreUnavailableError("the database does not answer", detail=repr(error)) from error
        return self._is_held

    async def release(self) -> None:
        connection, self._connection, self._is_held = self._connection, None, False
        if connection is not None:
            connection.terminate()
