"""When the feed is asked next. No I/O; time is an argument, on the monotonic scale.

Whoever is being pushed to does not poll; whoever has heard nothing for a while polls, connected or not.
"""

from dataclasses import dataclass
from random import random

NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds, as docs/protocol/revocation.md has them.

    Args:
        poll: between two polls; also how old the mirror may be when asked on demand.
        snapshot: at least, between two snapshots.
        silence: without a message after which a push is not relied upon.
        longest_wait: that ``Retry-After`` may ask for.
        first_reconnect: after a push has ended; doubles.
        last_reconnect: up to which it doubles.
        first_fill: for which the first requests wait, going on without if they may.
        strict_fill: the same, where they must not go on without.
        absent: before an issuer without a feed is asked again.
        watch: at most, between two looks at whether all that should run does run.
    """

    poll: float = 5.0
    snapshot: float = 1.0
    silence: float = 15.0
    longest_wait: float = 30.0
    first_reconnect: float = 1.0
    last_reconnect: float = 30.0
    first_fill: float = 1.0
    strict_fill: float = 5.0
    absent: float = 3600.0
    watch: float = 30.0


class Pace:
    """The decisions. The caller serialises."""

    __slots__ = ("_asked_at", "_heard_at", "_intervals", "_more", "_not_before", "_snapshot_at")

    def __init__(self, intervals: Intervals) -> None:
        self._intervals = intervals
        self._asked_at = NEVER
        self._snapshot_at = NEVER
        self._heard_at = NEVER
        self._not_before = NEVER
        self._more = False

    def due_at(self, *, needs_snapshot: bool) -> float:
        """The time of the next exchange; in the past: now."""
        if needs_snapshot:
            due = self._snapshot_at + self._intervals.snapshot
        elif self._more:
            due = NEVER
        else:
            due = max(self._asked_at + self._intervals.poll, self._heard_at + self._intervals.silence)
        return max(due, self._not_before)

    def asked(self, now: float, *, more: bool) -> None:
        """An exchange brought what there was, or part of it."""
        self._asked_at, self._more, self._not_before = now, more, NEVER

    def asked_for_snapshot(self, now: float) -> None:
        """A snapshot is about to be fetched."""
        self._snapshot_at = now

    def failed(self, now: float, *, retry_after: float | None = None) -> None:
        """An exchange brought nothing."""
        wait = self._intervals.poll if retry_after is None else min(retry_after, self._intervals.longest_wait)
        self._asked_at, self._more, self._not_before = now, False, now + wait

    def absent(self, now: float) -> None:
        """The issuer has no feed."""
        self._asked_at, self._more, self._not_before = now, False, now + self._intervals.absent

    def heard(self, now: float) -> None:
        """News was pushed."""
        self._heard_at = now

    def is_pushed_to(self, now: float) -> bool:
        """Whether pushing can be relied upon."""
        return now - self._heard_at < self._intervals.silence

    def unheard(self) -> None:
        """Nothing is pushed any more."""
        self._heard_at = NEVER


def reconnect_after(attempt: int, intervals: Intervals, *, retry_after: float | None = None) -> float:
    """Seconds before the next connection: doubling with each fruitless ``attempt``, out of step with others, and not
    before the issuer wants it.
    """
    wait = min(intervals.first_reconnect * 2.0 ** min(attempt, 10), intervals.last_reconnect)
    wait *= 1.0 + random() / 2  # noqa: S311  spreads load, hides nothing
    return wait if retry_after is None else max(wait, min(retry_after, intervals.longest_wait))
