"""Time, read in one place and passed in everywhere else.

Durations are measured with `monotonic`, validity is judged with `now`, and nothing is ever judged by the
time at which a process started.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Seconds since the UTC epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds on a scale that never goes back; only differences mean something."""
        ...

    def moment(self) -> tuple[float, float]:
        """`now` and `monotonic` at once, for what happens at every request."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def moment(self) -> tuple[float, float]:
        return time.time(), time.monotonic()


class SettableClock:
    """A clock that tests move by hand.

    Args:
        now: UTC epoch seconds at which it stands.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def moment(self) -> tuple[float, float]:
        return self._now, self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both scales forward."""
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as an administrator or NTP would; may be negative."""
        self._now += seconds
