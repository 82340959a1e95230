"""A clock that a request may set ahead for itself, so that a person sees a token expire without waiting for it.

It is only ever asked besides the real one: what it makes pass, the real time has let pass before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.requests import HTTPConnection

from watchword.clock import Clock

HEADER = "demo-clock-ahead"
MAX_SECONDS = 86_400

_ahead: ContextVar[float] = ContextVar("watchword_demo_clock_ahead", default=0.0)


class ClockAhead:
    """The time, as far ahead as the present request says; durations are as they are.

    Args:
        base: the real clock.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base

    def now(self) -> float:
        return self._base.now() + _ahead.get()

    def monotonic(self) -> float:
        return self._base.monotonic()

    def moment(self) -> tuple[float, float]:
        now, monotonic = self._base.moment()
        return now + _ahead.get(), monotonic


def seconds_ahead(connection: HTTPConnection) -> int | None:
    """How far ahead the request sets the clock; None when it does not, or in no way that makes sense."""
    text = connection.headers.get(HEADER, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        return None
    seconds = int(text)
    return seconds if 0 < seconds <= MAX_SECONDS else None


@contextmanager
def set_ahead(seconds: float) -> Iterator[None]:
    """Within, and in what is called from there, `ClockAhead` is ``seconds`` ahead."""
    token = _ahead.set(seconds)
    try:
        yield
    finally:
        _ahead.reset(token)
