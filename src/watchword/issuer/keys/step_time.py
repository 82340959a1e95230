"""The time by which keys live: the database's, because every process has a clock of its own.

A process whose clock runs ahead would let a successor sign before every cache has seen it, and take a key out of the
JWKS while its tokens still live; one whose clock is behind would date a publication too early, with the same end.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from watchword.clock import Clock
from watchword.store.database_time import database_time

StepTime = Callable[[Connection], float]
"""UTC epoch seconds, read in the transaction that takes the step."""


def time_of(clock: Clock) -> StepTime:
    """Let ``clock`` stand for the database's, where the whole installation is told what time it is."""
    return lambda _connection: clock.now()


__all__ = ["StepTime", "database_time", "time_of"]
