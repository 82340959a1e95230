"""SQLite tells nobody; but a connection can ask for three microseconds whether others have committed.

https://www.sqlite.org/pragma.html#pragma_data_version
"""

import asyncio
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

from watchword.store.wake import Wake

LOOK_SECONDS = 0.05
_AWAY_SECONDS = 1.0


class SQLiteWake(Wake):
    """A thread with a connection of its own.

    Args:
        path: the data file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._uri = f"{path.absolute().as_uri()}?mode=ro"
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    async def _start(self) -> None:
        self._over = threading.Event()
        arguments = (asyncio.get_running_loop(), self._over)
        self._thread = threading.Thread(target=self._look_out, args=arguments, name="watchword-wake", daemon=True)
        self._thread.start()

    async def _stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _look_out(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        while not over.is_set():
            with suppress(sqlite3.Error):  # locked or away for now: whoever listens looks by itself meanwhile
                self._look_out_connected(loop, over)
            over.wait(_AWAY_SECONDS)

    def _look_out_connected(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        with closing(sqlite3.connect(self._uri, uri=True, isolation_level=None)) as connection:
            seen: int | None = None
            while not over.is_set():
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    with suppress(RuntimeError):  # the loop was closed: nobody listens any more
                        loop.call_soon_threadsafe(self.tell)
                over.wait(LOOK_SECONDS)
