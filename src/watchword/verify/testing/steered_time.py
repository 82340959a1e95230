"""The time of a test: it stands, or moves when it is told to, for every verifier of the process."""

import threading
from collections.abc import Callable
from typing import Any

from watchword.clock import SettableClock, SystemClock

_lock = threading.RLock()
_real: dict[str, Callable[[SystemClock], Any]] = {}
_steered: SettableClock | None = None
_holders: set[int] = set()


class SteeredTime:
    """One hand on the machine's clock, which all that steer it share: there is one time.

    Verifiers that were given a clock of their own keep it.
    """

    def now(self) -> float:
        """UTC epoch seconds, as the verifiers see them."""
        return SystemClock().now()

    def freeze(self, at: float | None = None) -> None:
        """Let the time stand at ``at``, UTC epoch seconds; by default where it is."""
        with _lock:
            _holders.add(id(self))
            # Measured durations never go back: the monotonic scale goes on from where it is.
            _put(SettableClock(self.now() if at is None else at), SystemClock().monotonic())

    def advance(self, seconds: float) -> None:
        """Move on; the time stands from then on."""
        with _lock:
            if _steered is None:
                self.freeze()
            assert _steered is not None
            _holders.add(id(self))
            _steered.advance(seconds)

    def release(self) -> None:
        """Let go; when nobody steers any more the machine's clock is back."""
        with _lock:
            _holders.discard(id(self))
            if not _holders:
                _give_back()


def _put(clock: SettableClock, monotonic: float) -> None:
    global _steered  # noqa: PLW0603  there is one time in a process
    if not _real:
        _real.update({name: SystemClock.__dict__[name] for name in ("now", "monotonic", "moment")})
    _steered = clock
    setattr(SystemClock, "now", lambda _: clock.now())  # noqa: B010  a method of everybody's, for a while
    setattr(SystemClock, "monotonic", lambda _: monotonic + clock.monotonic())  # noqa: B010  the same
    setattr(SystemClock, "moment", lambda one: (one.now(), one.monotonic()))  # noqa: B010  the same


def _give_back() -> None:
    global _steered  # noqa: PLW0603  the same
    for name, method in _real.items():
        setattr(SystemClock, name, method)
    _real.clear()
    _steered = None
