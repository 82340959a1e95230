"""One process's mirror, and how it is brought up to date: the pure parts and the network put together.

Any thread may call anything: exchanges happen one at a time, and so do changes of the mirror.
"""

import contextlib
import logging
from collections.abc import Callable
from threading import Lock

from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.verify.revocation.errors import AnnouncementError, FeedBehindError, FeedError, FeedGoneError
from watchword.verify.revocation.feed import Feed
from watchword.verify.revocation.message import Message
from watchword.verify.revocation.mirror import Assembly, Mirror, Outcome, Taken
from watchword.verify.revocation.pace import Intervals, Pace

STALE_AFTER = 30.0  # seconds, before the issuer has said how many
MOST_PAGES = 1000  # eight million entries
MOST_ROUNDS = 100  # messages in one go: a hundred thousand entries
_log = logging.getLogger("watchword.verify")


class Mirroring:
    """The mirror, and when it last had news.

    Args:
        feed: where news comes from.
        clock: ages by its monotonic scale, expiry by the other.
        intervals: see `Intervals`.
        is_demanded: whether an issuer that announces no feed is one that does not answer: what could be withdrawn
            there is then never known, and on first contact a page not found looks just like it.
        after_message: called after each message that was applied or brought news, while nothing else changes;
            told whether something was applied.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        clock: Clock,
        intervals: Intervals,
        is_demanded: bool,
        after_message: Callable[[bool], None],
    ) -> None:
        self.feed = feed
        self.mirror = Mirror()
        feed.is_withdrawn = lambda digest: self.mirror.withdraws("key", digest, now=clock.now())
        self.news_at: float | None = None
        self.is_absent = False
        self._error: str | None = None
        self._push_error: str | None = None
        self._is_demanded = is_demanded
        self._clock = clock
        self._intervals = intervals
        self._pace = Pace(intervals)
        self._after_message = after_message
        self._exchanging = Lock()
        self._changing = Lock()

    @property
    def last_error(self) -> str | None:
        """The code of what is wrong with asking, or else with being pushed to; None: all is well."""
        return self._error or self._push_error

    @property
    def stale_after(self) -> float:
        """Seconds."""
        announcement = self.feed.announcement
        return STALE_AFTER if announcement is None else announcement.stale_after

    def is_stale(self, now: float) -> bool:
        """Whether there was no news for too long; where the issuer has no feed there is nothing to be stale."""
        if self.is_absent:
            return False
        return self.news_at is None or now - self.news_at > self.stale_after

    def is_pushed_to(self, now: float) -> bool:
        """Whether something was pushed a moment ago."""
        return self._pace.is_pushed_to(now)

    def due_at(self) -> float:
        """The monotonic time of the next exchange; in the past: now."""
        return self._pace.due_at(needs_snapshot=not self.is_absent and self.mirror.needs_snapshot)

    def update(self, *, at_once: bool = False) -> None:
        """Ask the feed for news, if that is due; never raises, `last_error` tells.

        Args:
            at_once: due or not, and where the feed is found out again too.
        """
        with self._exchanging:
            if not at_once and self._clock.monotonic() < self.due_at():
                return
            try:
                self._exchange(at_once=at_once)
            except Exception as error:  # noqa: BLE001  whatever it was, the mirror serves on and asks again
                self.failed(error)
                retry_after = error.retry_after if isinstance(error, FeedError) else None
                self._pace.failed(self._clock.monotonic(), retry_after=retry_after)

    def take(self, message: Message | Assembly) -> Taken:
        """Apply a message that holds."""
        with self._changing:
            taken = self.mirror.take(message, now=self._clock.now())
            if taken.news:
                self.news_at = self._clock.monotonic()
                self._recovered()
            applied = taken.outcome is Outcome.APPLIED
            if applied:
                self.feed.drop_withdrawn_keys()
            if applied or taken.news:
                self._after_message(applied)
            return taken

    def hear(self, data: bytes) -> None:
        """Apply what was pushed. Only with news does it stand in for a poll.

        Raises:
            FeedError: it is not to be believed.
        """
        if self.take(self.feed.pushed(data)).news:
            self._push_error = None
            self._pace.heard(self._clock.monotonic())

    def must_replace(self) -> None:
        """The issuer says that a snapshot is needed."""
        with self._changing:
            self.mirror.need_snapshot()

    def is_cut_off(self) -> None:
        """Nothing is pushed any more."""
        self._pace.unheard()

    def failed(self, error: Exception) -> None:
        """Keep what went wrong; told to the log once, until it is another thing or all is well."""
        if _code(error) != self._error:
            _log.warning("what has been revoked cannot be learnt: %s (%s)", error, _explained(error))
        self._error = _code(error)
        if isinstance(error, FeedGoneError):
            self.feed.ask_again()

    def push_failed(self, error: Exception) -> None:
        """The same for what is pushed, which polling stands in for."""
        if _code(error) != self._push_error:
            _log.warning("what is revoked is not pushed to here, but polled: %s (%s)", error, _explained(error))
        self._push_error = _code(error)

    def _recovered(self) -> None:
        if self._error is not None:
            _log.info("what has been revoked is known again")
        self._error = None

    def _exchange(self, *, at_once: bool) -> None:
        if self.feed.announced(again=at_once) is None:
            if self._is_demanded:
                raise AnnouncementError("the issuer announces no feed, and was to be believed only with one")
            self.is_absent = True
            self._error = None
            self._pace.absent(self._clock.monotonic())
            return
        self.is_absent = False
        for _ in range(MOST_ROUNDS):
            taken = self._ask()
            if taken is not None and taken.news:
                self._pace.asked(self._clock.monotonic(), more=False)
                return
        self._pace.asked(self._clock.monotonic(), more=True)

    def _ask(self) -> Taken | None:
        """One message. None: it said that a snapshot is needed."""
        journal_id, seq = self.mirror.journal_id, self.mirror.seq
        if journal_id is None or self.mirror.needs_snapshot:
            self._pace.asked_for_snapshot(self._clock.monotonic())
            taken = self.take(self._whole())
            if not taken.news:
                raise FeedBehindError("the revocation feed lags behind itself", retry_after=self._intervals.snapshot)
            return taken
        message = self.feed.poll(journal_id, seq)
        if message is None:
            self.must_replace()
            return None
        taken = self.take(message)
        if taken.outcome is Outcome.IGNORED and not taken.news:
            raise FeedBehindError("the revocation feed lags behind itself", retry_after=self._intervals.snapshot)
        return taken

    def _whole(self) -> Message | Assembly:
        """What stands in for the batches that are not to be had: what is new, or else everything."""
        announcement = self.feed.announcement
        if announcement is None or announcement.pages_url is None:
            return self.feed.snapshot()
        if self.mirror.journal_id is not None and self.mirror.seq > 0:
            with contextlib.suppress(FeedBehindError):  # the journal is another one now
                return self._put_together(Assembly(self.mirror.seq, self.mirror.journal_id))
        return self._put_together(Assembly())

    def _put_together(self, assembly: Assembly) -> Assembly:
        for _ in range(MOST_PAGES):
            assembly.add(self.feed.page(assembly.journal_id, assembly.to))
            if assembly.is_whole:
                return assembly
        raise FeedError("the pages of the revocation feed do not end")


def _code(error: Exception) -> str:
    return error.code if isinstance(error, WatchwordError) else "internal"


def _explained(error: Exception) -> str:
    # Of what was not expected the kind alone: it may hold what was to be sent, a secret among it.
    return f"{_code(error)}: {error.detail if isinstance(error, WatchwordError) else type(error).__name__}"
