"""The threads that keep a mirror fresh, and the exchange that a request may wait for."""

import contextlib
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread

import anyio

from watchword.clock import Clock
from watchword.fetch.name_lookups import event_loop
from watchword.verify.revocation.errors import FeedError
from watchword.verify.revocation.feed import Feed
from watchword.verify.revocation.mirroring import Mirroring
from watchword.verify.revocation.pace import Intervals, reconnect_after
from watchword.verify.revocation.push import listen
from watchword.verify.revocation.settings import PresentMode, RevocationSettings


class Keeping:
    """What runs in one process: a mirror, and the threads that keep it fresh.

    Args:
        settings: whose journal, and how it is read.
        clock: see `Mirroring`.
        intervals: see `Intervals`.
        after_message: a weak reference to what `Mirroring` describes, told which of them it was, too. When it is
            gone nobody asks for the mirror any more, and the threads end (THREATS R43).
    """

    def __init__(
        self,
        settings: RevocationSettings,
        clock: Clock,
        intervals: Intervals,
        after_message: Callable[[], Callable[["Keeping", bool], None] | None],
    ) -> None:
        self.mirroring = Mirroring(
            Feed(settings, clock=clock),
            clock=clock,
            intervals=intervals,
            is_demanded=settings.on_stale == "reject",
            after_message=self._tell,
        )
        self._after_message = after_message
        self.is_on_demand = settings.mode == "on_demand"
        self.departed_at = 0.0
        self.wake = Event()
        self._wants_push = settings.mode in {"auto", "push"}
        self._clock = clock
        self._intervals = intervals
        self._ended = Event()
        self._flight: Future[None] | None = None
        self._keeper: Thread | None = None
        self._listener: Thread | None = None
        self._hang_up: Callable[[], None] | None = None

    def ensure(self) -> None:
        """Begin whatever should run and does not. Called by one thread at a time."""
        if self.is_on_demand:
            return
        if self._keeper is None or not self._keeper.is_alive():
            if self._flight is None:
                self._take_off()
            self._keeper = self._begin(self._keep_fresh, "watchword-revocations")

    def flight(self) -> Future[None] | None:
        """The exchange that a token may wait for. Called by one thread at a time."""
        if self.is_on_demand and (self._flight is None or self._flight.done()):
            if self._clock.monotonic() < self.mirroring.due_at():
                return None
            self._take_off()
            if self._begin(self._fly, "watchword-revocations") is None:
                self._land()
        return self._flight

    def is_filling(self, now: float) -> bool:
        """Whether the first exchange is still awaited."""
        flight = self._flight
        return flight is not None and not flight.done() and now < self.departed_at + self._intervals.first_fill

    def mode(self, now: float) -> PresentMode:
        """As `RevocationStatus` has it."""
        if self.mirroring.is_absent:
            return "none"
        if self.is_on_demand:
            return "on_demand"
        if self.mirroring.feed.announcement is None:
            return "unknown"
        return "push" if self.mirroring.is_pushed_to(now) else "poll"

    def end(self) -> None:
        """Let the threads end; they are not waited for."""
        self._ended.set()
        self.wake.set()
        hang_up = self._hang_up
        if hang_up is not None:
            hang_up()

    def _tell(self, applied: bool) -> None:
        after_message = self._after_message()
        if after_message is not None:
            after_message(self, applied)

    def _is_over(self) -> bool:
        """Whether it was told to end, or nobody is there any more who could tell it."""
        if self._after_message() is None:
            self.end()
        return self._ended.is_set()

    def _take_off(self) -> None:
        self._flight = Future()
        self._flight.set_running_or_notify_cancel()  # a waiter that gives up must not cancel it for the others
        self.departed_at = self._clock.monotonic()

    def _land(self) -> None:
        flight = self._flight
        if flight is not None and not flight.done():
            flight.set_result(None)

    def _begin(self, work: Callable[[], None], name: str) -> Thread | None:
        thread = Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # this process may have no further thread at the moment
            self.mirroring.failed(error)
            return None
        return thread

    def _fly(self) -> None:
        try:
            self.mirroring.update()
        finally:  # even if a log handler of the application raised: a flight that never lands keeps others from it
            self._land()

    def _keep_fresh(self) -> None:
        """Poll when polling is due. Whoever changes what is due sets ``wake``."""
        while not self._is_over():
            wait = self.mirroring.due_at() - self._clock.monotonic()
            if wait > 0:
                self.wake.wait(wait)
                self.wake.clear()
                continue
            self.mirroring.update()
            self._land()
            if (
                self._wants_push
                and self.mirroring.feed.is_pushed_to_us
                and self.mirroring.mirror.journal_id is not None
            ):
                self._ensure_listener()

    def _ensure_listener(self) -> None:
        if self._listener is None or not self._listener.is_alive():
            self._listener = self._begin(self._keep_listening, "watchword-revocations-push")

    def _keep_listening(self) -> None:
        attempt = 0
        while not self._is_over():
            was_heard = Event()

            def heard(was_heard: Event = was_heard) -> None:
                was_heard.set()
                if self.mirroring.mirror.needs_snapshot:
                    self.wake.set()

            retry_after = None
            try:
                anyio.run(self._listen, heard, backend_options={"loop_factory": event_loop})
            except Exception as error:  # noqa: BLE001  whatever it was, polling goes on and pushing is tried again
                self.mirroring.push_failed(error)
                retry_after = error.retry_after if isinstance(error, FeedError) else None
            self.mirroring.is_cut_off()
            self.wake.set()
            attempt = 0 if was_heard.is_set() else attempt + 1
            self._ended.wait(reconnect_after(attempt, self._intervals, retry_after=retry_after))

    async def _listen(self, heard: Callable[[], None]) -> None:
        with anyio.CancelScope() as scope:
            self._hang_up = _canceller(get_running_loop(), scope)
            try:
                if not self._ended.is_set():
                    await listen(self.mirroring, intervals=self._intervals, heard=heard)
            finally:
                self._hang_up = None


def _canceller(loop: AbstractEventLoop, scope: anyio.CancelScope) -> Callable[[], None]:
    def cancel() -> None:
        with contextlib.suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(scope.cancel)

    return cancel
