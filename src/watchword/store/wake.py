"""Being woken when the journal may have grown, by whichever process: a hint that saves waiting, and never the truth.

Who is woken looks; who is not looks too, only later. A hint that is lost costs time and nothing else (R41).
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from watchword.store.engine import parse_url, sqlite_path


class Wake(ABC):
    """Tells whoever listens; nothing runs and no connection is open while nobody does."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    @asynccontextmanager
    async def telling(self, listener: Callable[[], None]) -> AsyncIterator[None]:
        """Within, ``listener`` is called in this event loop whenever there may be news, and sometimes for nothing."""
        self._listeners.append(listener)
        try:
            if len(self._listeners) == 1:
                await self._start()
            yield
        finally:
            self._listeners.remove(listener)
            if not self._listeners:
                await self._stop()

    def tell(self) -> None:
        """Wake everybody."""
        for listener in self._listeners:
            listener()

    @abstractmethod
    async def _start(self) -> None:
        """Begin to look out; does not wait for the database."""

    @abstractmethod
    async def _stop(self) -> None:
        """Look out no more."""


class NoWake(Wake):
    """Nobody is ever woken."""

    async def _start(self) -> None:
        pass

    async def _stop(self) -> None:
        pass


def open_wake(url: str) -> Wake:
    """The wake of the database at ``url``, see `watchword.store.engine.open_store`.

    Raises:
        StoreError: the URL names neither database.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        from watchword.store.sqlite_wake import SQLiteWake  # noqa: PLC0415  each database is loaded when used

        return SQLiteWake(sqlite_path(parsed))
    from watchword.store.postgres_wake import PostgresWake  # noqa: PLC0415  asyncpg is an extra

    return PostgresWake(parsed.render_as_string(hide_password=False))
