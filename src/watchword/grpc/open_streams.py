"""Blocking calls that stay open, and an eye on their tokens."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from watchword.clock import SystemClock
from watchword.verify.errors import VerificationError
from watchword.verify.open_connection import OpenConnection

_log = logging.getLogger("watchword.grpc")
# Between two looks time passes as it does for the thread that waits, whatever the verifier's clock says.
_CLOCK = SystemClock()


@dataclass(slots=True)
class _Watched:
    end: Callable[[], None]
    due_at: float


class OpenStreams:
    """Ends calls whose token has ended while nothing moves: a thread that waits for a message cannot look itself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[OpenConnection, _Watched] = {}
        self._thread: threading.Thread | None = None

    def add(self, connection: OpenConnection, end: Callable[[], None]) -> None:
        """Call ``end`` once when the token of ``connection`` has ended."""
        with self._changed:
            self._open[connection] = _Watched(end, _CLOCK.monotonic() + connection.pause)
            if self._thread is None:
                thread = threading.Thread(target=self._watch, name="watchword-grpc-streams", daemon=True)
                thread.start()
                self._thread = thread  # not before: who could not be started watches nothing
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
                now = _CLOCK.monotonic()
                due = [(connection, watched) for connection, watched in self._open.items() if watched.due_at <= now]
                if not due:
                    # Until the next is due, or one is added that is due earlier.
                    self._changed.wait(min(watched.due_at for watched in self._open.values()) - now)
            for connection, watched in due:
                if _is_good(connection):
                    watched.due_at = _CLOCK.monotonic() + connection.pause
                else:
                    self.remove(connection)
                    _end(watched.end)


def _is_good(connection: OpenConnection) -> bool:
    try:
        connection.check()
    except VerificationError:
        return False
    except Exception:  # noqa: BLE001  a mistake in the application's condition ends its stream, not the watch over all
        _log.exception("the token of an open stream could not be looked at, so the stream is ended")
        return False
    return True


def _end(end: Callable[[], None]) -> None:
    try:
        end()
    except Exception:  # noqa: BLE001  nor does this
        _log.exception("a stream whose token has ended could not be ended")
