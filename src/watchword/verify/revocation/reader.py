"""The journal as a verifier asks it: what a token's marks are compared with, kept fresh behind its back."""

import contextlib
import os
from asyncio import wrap_future
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLongError
from threading import Lock
from weakref import WeakMethod, WeakSet

import anyio

from watchword.clock import Clock
from watchword.fetch import prepare
from watchword.verify.errors import RevocationsStaleError, TokenRevokedError
from watchword.verify.revocation.keeping import Keeping
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.pace import Intervals
from watchword.verify.revocation.settings import RevocationSettings, RevocationStatus


class JournalReader:
    """The mirror of one issuer's journal in this process. Safe to share between threads, event loops and forked
    processes: a child begins with an empty mirror.

    Whoever keeps verdicts reads ``generation`` before it asks `check`, keeps that number with the verdict, and looks
    again when either the number has moved or ``look_at`` has come.

    Args:
        settings: whose journal, and how it is read.
        clock: ages by its monotonic scale, expiry by the other.
        intervals: other than those of the protocol, for tests.
        keys_withdrawn: called when the issuer tells of a withdrawn key, of which nobody here knew.
    """

    def __init__(
        self,
        settings: RevocationSettings,
        *,
        clock: Clock,
        intervals: Intervals | None = None,
        keys_withdrawn: Callable[[], None] = lambda: None,
    ) -> None:
        self.generation = 0  # moves after something was withdrawn, and whenever the mirror is replaced
        self.look_at = 0.0  # monotonic seconds
        self._settings = settings
        self._clock = clock
        self._intervals = intervals or Intervals()
        self._keys_withdrawn = keys_withdrawn
        self._key_withdrawals = 0
        self._lock = Lock()
        self._run: Keeping | None = None
        _readers.add(self)
        prepare()

    def look(self) -> None:
        """Make sure that the mirror is as fresh as it should be: begin, ask on demand, wait for the first fill.

        Raises:
            RevocationsStaleError: it is not, and the verifier was told to refuse then.
        """
        flight, wait = self._depart()
        if flight is not None:
            with contextlib.suppress(WaitedTooLongError):
                flight.result(wait)
        self._settle()

    async def alook(self) -> None:
        """`look`, without blocking the event loop."""
        flight, wait = self._depart()
        if flight is not None:
            with anyio.move_on_after(wait):
                await wrap_future(flight)
        self._settle()

    def check(self, marks: TokenMarks) -> None:
        """Refuse a token that was withdrawn.

        Raises:
            TokenRevokedError: by an entry of its ``kind``.
        """
        run = self._run
        if run is not None:
            kind = run.mirroring.mirror.withdrawn_by(marks, now=self._clock.now())
            if kind is not None:
                raise TokenRevokedError(kind)

    def status(self) -> RevocationStatus:
        """How much is known."""
        run, now = self._run, self._clock.monotonic()
        if run is None:
            return RevocationStatus("unknown", None, 0, None, 0, stale=True, last_error=None)
        mirroring = run.mirroring
        mirror, news_at = mirroring.mirror, mirroring.news_at
        return RevocationStatus(
            run.mode(now),
            mirror.journal_id,
            mirror.seq,
            None if news_at is None else now - news_at,
            mirror.entries,
            stale=mirroring.is_stale(now),
            last_error=mirroring.last_error,
        )

    def refresh(self) -> None:
        """Ask the issuer now, whatever is due, and wait for the answer. Blocking; `status` tells how it went."""
        with self._lock:
            run = self._running()
        run.mirroring.update(at_once=True)
        self._reckon(run)

    def close(self) -> None:
        """End what runs, and forget the mirror; the next `look` begins anew."""
        with self._lock:
            run, self._run = self._run, None
            self.look_at = 0.0
            self.generation += 1
        if run is not None:
            run.end()

    def _depart(self) -> tuple[Future[None] | None, float]:
        """What to wait for, and for how many seconds at most."""
        with self._lock:
            run = self._running()
            flight = run.flight()
            if flight is None or flight.done():
                return None, 0.0
            now = self._clock.monotonic()
            patient = self._settings.on_stale == "reject" and run.mirroring.is_stale(now)
            longest = self._intervals.strict_fill if patient else self._intervals.first_fill
            return flight, min(max(run.departed_at + longest - now, 0.0), longest)

    def _settle(self) -> None:
        run = self._run
        if run is None:
            return
        self._reckon(run)
        if self._settings.on_stale == "reject" and run.mirroring.is_stale(self._clock.monotonic()):
            raise RevocationsStaleError

    def _running(self) -> Keeping:
        """With the lock held."""
        if self._run is None:
            self._key_withdrawals = 0
            self._run = Keeping(self._settings, self._clock, self._intervals, WeakMethod(self._after_message))
        self._run.ensure()
        return self._run

    def _after_message(self, run: Keeping, applied: bool) -> None:
        """Something was applied, or the mirror is known to be up to date: in this order, after the tables changed."""
        with self._lock:
            if run is not self._run:
                return
            if applied:
                self.generation += 1
            self.look_at = self._next_look(run)
            known, self._key_withdrawals = self._key_withdrawals, run.mirroring.mirror.key_withdrawals
        if self._key_withdrawals != known:
            self._keys_withdrawn()

    def _reckon(self, run: Keeping) -> None:
        with self._lock:
            if run is self._run:
                self.look_at = self._next_look(run)

    def _next_look(self, run: Keeping) -> float:
        """Never later than the moment at which a look could end otherwise than the last."""
        now, mirroring = self._clock.monotonic(), run.mirroring
        look_at = now + self._intervals.watch
        if run.is_on_demand or mirroring.is_absent:
            look_at = mirroring.due_at()
        elif run.is_filling(now):
            return now
        if self._settings.on_stale == "reject" and not mirroring.is_absent:
            news_at = mirroring.news_at
            look_at = min(look_at, now if news_at is None else news_at + mirroring.stale_after)
        return look_at

    def _forget_the_parent(self) -> None:
        """After a fork: the parent's threads are not here, its locks may be held, its mirror may be half written."""
        self._lock = Lock()
        self._run = None
        self.look_at = 0.0
        self.generation += 1


_readers: "WeakSet[JournalReader]" = WeakSet()


def _forget_the_parents() -> None:
    for reader in _readers:
        reader._forget_the_parent()  # noqa: SLF001  of one file


# Once, not for each reader: what is registered here is never let go.
os.register_at_fork(after_in_child=_forget_the_parents)
