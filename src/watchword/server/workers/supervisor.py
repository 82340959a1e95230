"""The process above the workers: it binds the sockets, starts, restarts, reloads and stops, and serves nothing itself.

All workers accept from the same sockets, which stay open here. With a socket for each (SO_REUSEPORT), connections that
wait in the queue of one that ends are lost; here another takes them.
"""

import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchword.clock import Clock
from watchword.server.workers.report import Report
from watchword.server.workers.signals import Signals, reap_strangers
from watchword.server.workers.worker import Launch, Worker, serving

START_SECONDS = 60.0
STOP_SECONDS = 10.0
SETTLED_SECONDS = 10.0  # a worker that served this long did not die of its start
BACKOFF_SECONDS, BACKOFF_LIMIT = 0.5, 30.0
HOPELESS = 5  # starts in a row that failed, of every worker, while none serves
LOOK_SECONDS = 1.0

_NO_PROCESS = "a worker cannot be started: no process or descriptor is left"

_log = logging.getLogger("watchword.workers")


@dataclass(slots=True)
class _Place:
    """One of the workers there should be: whoever fills it, and what became of those before."""

    worker: Worker | None = None
    failures: int = 0
    start_at: float = 0.0


class Supervisor:
    """Looks after the workers until it is told to stop.

    Args:
        command: see `Launch`.
        sockets: bound, and not listened on yet: the first worker that is ready does that.
        workers: how many there are to be.
        follows: whether a reload may change that number, because it is the configuration that says it.
        clock: for durations.
        refuse: told every problem of a start that came to nothing.
        ready: called once every worker serves for the first time.
        ended: told the number of each process that has ended.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        sockets: Sequence[socket.socket],
        workers: int,
        follows: bool,
        clock: Clock,
        refuse: Callable[[list[str]], object],
        ready: Callable[[], object] = lambda: None,
        ended: Callable[[int], object] = lambda _pid: None,
    ) -> None:
        self._leash, self._hand = os.pipe()  # workers watch the first end; only this process holds the second
        self._sockets = sockets
        self._launch = Launch(tuple(command), tuple(one.fileno() for one in sockets), self._leash)
        self._places = [_Place() for _ in range(workers)]
        self._follows = follows
        self._clock = clock
        self._refuse = refuse
        self._ready = ready
        self._ended = ended
        self._leaving: list[Worker] = []
        self._pending: list[_Place] = []  # of a reload: whose worker is still of before
        self._successor: Worker | None = None  # of the first of them
        self._is_reloading = False
        self._wants_reload = False
        self._has_served = False

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; SIGHUP reloads. Returns the exit status."""
        signals = Signals()
        with signals.noted():
            try:
                return self._run(signals)
            finally:
                self._kill_all()
                os.close(self._hand)
                os.close(self._leash)

    def _run(self, signals: Signals) -> int:
        while True:
            noted = signals.wait(self._patience(), self._reports())
            if signal.SIGTERM in noted or signal.SIGINT in noted:
                return self._stop(signals)
            self._wants_reload = self._wants_reload or signal.SIGHUP in noted
            for worker in self._all():
                worker.listen()
            problems = self._look_after_places()
            if problems:
                self._refuse(problems)
                return 1
            self._look_after_reload()
            self._look_after_leaving()
            reap_strangers(worker.pid for worker in self._all())

    def _look_after_places(self) -> list[str]:
        """Start whoever is missing; returns why there is no use in going on."""
        now = self._clock.monotonic()
        for place in self._places:
            worker = place.worker
            if worker is None:
                # At the very start the first shows whether it can be done at all.
                if now >= place.start_at and (self._has_served or place is self._first() or self._first_serves()):
                    self._fill(place, now)
                continue
            if worker.report is None and now - worker.began_at > START_SECONDS:
                worker.kill()
                worker.listen()
            if worker.has_ended or (worker.report is not None and worker.report.problems):
                if not self._has_served:
                    return list(_problems_of(worker))
                self._note_failure(place, worker, now)
        if not self._has_served and serving(self._standing()) == len(self._places):
            self._has_served = True
            self._ready()
            _log.info("every worker serves", extra={"event": "serving"})
        if serving(self._standing()) == 0 and all(place.failures >= HOPELESS for place in self._places):
            return ["every worker ends again and again; the log has their last words"]
        return []

    def _first(self) -> _Place:
        return self._places[0]

    def _first_serves(self) -> bool:
        worker = self._first().worker
        return worker is not None and worker.is_serving

    def _note_failure(self, place: _Place, worker: Worker, now: float) -> None:
        was_settled = worker.report is not None and not worker.report.problems
        was_settled = was_settled and now - worker.began_at > SETTLED_SECONDS
        if was_settled:
            place.failures = 0
        place.worker = None
        self._pause(place, now)
        worker.kill()
        self._ended(worker.pid)
        for problem in _problems_of(worker):
            _log.error("%s", problem, extra={"event": "worker_start_failed"})
        _log.error("a worker %s and is started again", worker.ending, extra={"event": "worker_ended"})

    def _pause(self, place: _Place, now: float) -> None:
        place.failures += 1
        pause = 0.0 if place.failures == 1 else min(BACKOFF_SECONDS * 2 ** (place.failures - 2), BACKOFF_LIMIT)
        place.start_at = now + pause

    def _fill(self, place: _Place, now: float) -> None:
        place.worker = self._begin(now)
        if place.worker is None:
            self._pause(place, now)

    def _begin(self, now: float) -> Worker | None:
        """None: this machine has no process or descriptor left, which must not end those that serve."""
        try:
            return Worker(self._launch, now=now)
        except OSError as error:
            _log.error("%s (%s)", _NO_PROCESS, error.strerror, extra={"event": "worker_start_failed"})
            return None

    def _begin_successor(self, now: float) -> None:
        self._successor = self._begin(now)
        if self._successor is None:
            self._pending, self._is_reloading = [], False
            _log.error("not reloaded: %s", _NO_PROCESS, extra={"event": "reload_refused"})

    def _look_after_reload(self) -> None:
        """Replace the workers one after the other: the new one serves before the old one is asked to stop."""
        now = self._clock.monotonic()
        if self._successor is not None:
            self._look_after_successor(self._successor, now)
        elif self._pending and not self._leaving:
            self._begin_successor(now)
        elif self._is_reloading and not self._leaving:
            self._is_reloading = False
            _log.info("every worker has the new configuration", extra={"event": "reload_done"})
        elif self._wants_reload and self._has_served and not self._pending:
            self._wants_reload = False
            self._pending = list(self._places)
            _log.info("reloading", extra={"event": "reload_begun"})
            self._begin_successor(now)

    def _look_after_successor(self, successor: Worker, now: float) -> None:
        if successor.is_serving:
            place = self._pending.pop(0)
            self._dismiss(place.worker, now)
            place.worker, place.failures, self._successor = successor, 0, None
            self._adjust(successor.report, now)
            self._is_reloading = True
        elif successor.report is not None or successor.has_ended or now - successor.began_at > START_SECONDS:
            successor.kill()
            self._successor, self._pending, self._is_reloading = None, [], False
            for problem in _problems_of(successor):
                _log.error("not reloaded: %s", problem, extra={"event": "reload_refused"})

    def _adjust(self, report: Report | None, now: float) -> None:
        if not self._follows or report is None or report.workers == len(self._places):
            return
        while len(self._places) > report.workers:
            place = self._places.pop()
            self._dismiss(place.worker, now)
            self._pending = [one for one in self._pending if one is not place]
        self._places.extend(_Place() for _ in range(report.workers - len(self._places)))

    def _dismiss(self, worker: Worker | None, now: float) -> None:
        if worker is not None:
            worker.ask_to_stop(by=now + STOP_SECONDS)
            self._leaving.append(worker)

    def _look_after_leaving(self) -> None:
        now = self._clock.monotonic()
        for worker in list(self._leaving):
            if not worker.has_ended and worker.stop_by is not None and now > worker.stop_by:
                _log.warning("a worker did not stop in time and is killed", extra={"event": "worker_killed"})
                worker.kill()
            if worker.has_ended:
                worker.let_go()
                self._ended(worker.pid)
                self._leaving.remove(worker)

    def _stop(self, signals: Signals) -> int:
        """Ask all of them to stop, and wait for it; whoever comes now is refused at once and goes elsewhere."""
        for one in self._sockets:
            one.close()
        now = self._clock.monotonic()
        for worker in [*self._standing(), *([] if self._successor is None else [self._successor])]:
            self._dismiss(worker, now)
        self._places, self._pending, self._successor = [], [], None
        while self._leaving:
            signals.wait(0.1, ())
            self._look_after_leaving()
        reap_strangers(())
        return 0

    def _kill_all(self) -> None:
        for worker in self._all():
            worker.kill()

    def _standing(self) -> list[Worker]:
        return [place.worker for place in self._places if place.worker is not None]

    def _all(self) -> list[Worker]:
        return [*self._standing(), *self._leaving, *([] if self._successor is None else [self._successor])]

    def _reports(self) -> list[int]:
        return [found for worker in self._all() if (found := worker.waits_for_report()) is not None]

    def _patience(self) -> float:
        """Seconds until something may be due that no signal and no report tells of."""
        if any(place.worker is None for place in self._places) or self._is_reloading or self._wants_reload:
            return 0.05
        return LOOK_SECONDS


def _problems_of(worker: Worker) -> tuple[str, ...]:
    if worker.report is not None and worker.report.problems:
        return worker.report.problems
    if worker.report is None:
        return (f"a worker {worker.ending} before it served",)
    return ()
