"""Blocking calls that stay open, and an eye on their tokens."""

import threading
from collections.abc import Callable

from watchword.verify.errors import VerificationError
from watchword.verify.open_connection import OpenConnection


class OpenStreams:
    """Ends calls whose token has ended while nothing moves: a thread that waits for a message cannot look itself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[OpenConnection, Callable[[], None]] = {}
        self._thread: threading.Thread | None = None

    def add(self, connection: OpenConnection, end: Callable[[], None]) -> None:
        """Call ``end`` once when the token of ``connection`` has ended."""
        with self._changed:
            self._open[connection] = end
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="watchword-grpc-streams", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, connection: OpenConnection) -> None:
        """The call is over."""
        with self._changed:
            self._open.pop(connection, None)
            self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                if not self._open:
                    # The next call starts another thread.
                    self._thread = None
                    return
                self._changed.wait(min(connection.pause for connection in self._open))
                watched = list(self._open.items())
            for connection, end in watched:
                try:
                    connection.check()
                except VerificationError:
                    self.remove(connection)
                    end()
