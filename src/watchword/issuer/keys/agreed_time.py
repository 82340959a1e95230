"""Whether this machine's clock and the database's agree, asked before anything is signed (R47, R48).

Tokens are dated by the machine that signs them, and withdrawn by the time of a database that all machines share. Where
the two differ, a token may live longer than anybody means it to, or be refused by every verifier.
"""

import logging
from dataclasses import dataclass

from watchword.clock import Clock
from watchword.oauth.errors import TemporarilyUnavailableError

_log = logging.getLogger("watchword.keys")
MAX_SKEW = 2.0  # seconds between this machine's clock and the database's; beyond it nothing is issued


@dataclass(frozen=True, slots=True)
class DatabaseTime:
    """What the database's clock said, and when it was asked.

    Args:
        told: UTC epoch seconds.
        asked_at: monotonic seconds of this process, before it was asked.
        heard_at: the same, when its answer was here.
    """

    told: float
    asked_at: float
    heard_at: float

    def skew(self, clock: Clock) -> float:
        """By how many seconds ``clock`` is certainly wrong; 0 while it may be right.

        The database's clock is carried on by the monotonic one, so that a clock of this machine that is set to another
        time is noticed at once, and a slow answer is nobody's fault.
        """
        now, monotonic = clock.moment()
        earliest, latest = self.told + monotonic - self.heard_at, self.told + monotonic - self.asked_at
        return max(earliest - now, now - latest, 0.0)

    def agrees(self, clock: Clock) -> bool:
        """Whether ``clock`` may date a token."""
        return self.skew(clock) <= MAX_SKEW


class Agreement:
    """What the two clocks have to be in before anything is signed; the log hears when it ends and when it begins.

    Args:
        clock: this machine's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_broken = False

    def require(self, time: DatabaseTime) -> None:
        """Make sure of it.

        Raises:
            TemporarilyUnavailableError: the clocks differ.
        """
        was, self._is_broken = self._is_broken, not time.agrees(self._clock)
        if self._is_broken:
            if not was:
                _log.error("nothing is issued: this machine's clock and the database's differ by more than 2 seconds")
            raise TemporarilyUnavailableError(detail="the clocks differ", retry_after=5)
        if was:
            _log.warning("tokens are issued again: this machine's clock and the database's agree")
