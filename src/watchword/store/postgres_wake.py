"""PostgreSQL tells whoever listens, with the commit: https://www.postgresql.org/docs/current/sql-notify.html"""

import asyncio
import random
from contextlib import suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from watchword.store.postgres_engine import connect
from watchword.store.repositories.journal import CHANNEL
from watchword.store.wake import Wake

_PAUSE, _PAUSE_LIMIT = 0.25, 5.0  # seconds before another attempt; doubled each time
_PULSE_SECONDS = 30.0  # between two questions whether the connection still holds


class PostgresWake(Wake):
    """A connection of its own that listens; when it is lost, another is made.

    Args:
        url: a libpq connection URI.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._task: asyncio.Task[None] | None = None

    async def _start(self) -> None:
        self._task = asyncio.create_task(self._keep_listening())

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_listening(self) -> None:
        pause = _PAUSE
        while True:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection = await connect(self._url)
                pause = _PAUSE
                await self._listen(connection)
            # Everybody has lost the database at the same time: they must not come back at the same time.
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311  jitter, not a secret
            pause = min(pause * 2, _PAUSE_LIMIT)

    async def _listen(self, connection: Any) -> None:
        """Until the connection is lost."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, lambda *_: self.tell())
            self.tell()  # what was told while nobody listened was lost
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PULSE_SECONDS):
                        await lost.wait()
                if not lost.is_set():
                    await connection.execute("SELECT 1")  # a network that is cut without a word
        finally:
            connection.terminate()
