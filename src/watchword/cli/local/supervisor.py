"""The issuer and the demo API as two processes: started together, watched, ended together."""

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from watchword.cli.local.child import Child
from watchword.cli.local.errors import CrashedError, LocalError
from watchword.cli.local.report import Receiver, Report
from watchword.clock import Clock

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.25
PROBE_SECONDS = 0.03
# A child that dies oftener than this within the window will not be helped by another start.
RESTARTS, WINDOW_SECONDS = 3, 60.0


class StopRequestedError(Exception):
    """SIGINT or SIGTERM."""


class Supervisor:
    """Starts both, restarts what crashes, stops both.

    Args:
        clock: for durations.
        issuer_arguments: of ``watchword.cli.local.issuer``, but for the report.
        demo_arguments: of ``watchword.demo``.
        logs: where each child's output goes, by its name.
        tell: told, in words, of what happens to the children.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        issuer_arguments: Sequence[str],
        demo_arguments: Sequence[str],
        logs: Callable[[str], Path],
        tell: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._issuer_arguments = list(issuer_arguments)
        self._demo_arguments = list(demo_arguments)
        self._logs = logs
        self._tell = tell
        self._leash, self._hand = os.pipe()  # children watch the first end; only this process holds the second
        self._children: dict[str, Child] = {}
        self._crashes: dict[str, list[float]] = {"issuer": [], "demo": []}

    def start(self, *, probe: str) -> Report:
        """Start both and wait until both answer.

        Args:
            probe: a URL of the demo that answers JSON as soon as the demo is there.

        Raises:
            LocalError: one of them does not start; says why.
            StopRequestedError: somebody changed their mind.
        """
        receiver = self._start_issuer()
        self._start_demo()
        deadline = self._clock.monotonic() + START_SECONDS
        importlib.import_module("watchword.fetch")  # for `_answers`; while the children load, it delays nobody
        report = self._await_report(receiver, deadline)
        if report.problems:
            raise LocalError(*report.problems)
        while not _answers(probe):
            self._check_alive("demo")
            self._check_in_time("demo", deadline)
            time.sleep(PROBE_SECONDS)
        return report

    def watch(self) -> None:
        """Look after both until told to stop.

        Raises:
            StopRequestedError: by a signal.
            LocalError: one of them crashes again and again.
        """
        while True:
            time.sleep(LOOK_SECONDS)
            for name, child in list(self._children.items()):
                if child.has_ended:
                    self._restart(name, child)

    def stop(self) -> None:
        """End both: asked first, forced after a while."""
        for child in self._children.values():
            child.ask_to_stop()
        deadline = self._clock.monotonic() + STOP_SECONDS
        for child in self._children.values():
            child.wait(max(0.1, deadline - self._clock.monotonic()))
        os.close(self._hand)
        os.close(self._leash)

    def _start_issuer(self, *more: str) -> Receiver:
        receiver = Receiver()
        arguments = [*self._issuer_arguments, *more, "--report", str(receiver.write)]
        self._children["issuer"] = Child(
            "issuer",
            "watchword.cli.local.issuer",
            arguments,
            log=self._logs("issuer"),
            leash=self._leash,
            pass_fds=(receiver.write,),
        )
        receiver.close_write()
        return receiver

    def _start_demo(self) -> None:
        self._children["demo"] = Child(
            "demo", "watchword.demo", self._demo_arguments, log=self._logs("demo"), leash=self._leash
        )

    def _await_report(self, receiver: Receiver, deadline: float) -> Report:
        while True:
            try:
                report = receiver.poll(0.1)
            except EOFError:
                self._children["issuer"].wait(2.0)
                raise self._crashed("issuer") from None
            if report is not None:
                return report
            self._check_in_time("issuer", deadline)

    def _check_alive(self, name: str) -> None:
        if self._children[name].has_ended:
            raise self._crashed(name)

    def _check_in_time(self, name: str, deadline: float) -> None:
        if self._clock.monotonic() > deadline:
            raise LocalError(f"the {name} did not answer within {START_SECONDS:.0f} seconds; see {self._logs(name)}")

    def _crashed(self, name: str) -> CrashedError:
        child = self._children[name]
        return CrashedError(f"the {name} {child.ending}; its log is {child.log}", child.tail())

    def _restart(self, name: str, child: Child) -> None:
        now = self._clock.monotonic()
        recent = [at for at in self._crashes[name] if now - at < WINDOW_SECONDS]
        self._crashes[name] = [*recent, now]
        if len(recent) >= RESTARTS:
            raise self._crashed(name)
        self._tell(f"the {name} {child.ending} and is started again (log: {child.log})")
        if name == "demo":
            self._start_demo()
            return
        report = self._await_report(self._start_issuer("--no-setup"), now + START_SECONDS)
        if report.problems:
            raise LocalError(*report.problems)


def _answers(url: str) -> bool:
    from watchword.fetch import FetchError, get_json  # noqa: PLC0415  see `start`

    try:
        get_json(url)
    except FetchError:
        return False
    return True


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Within, SIGINT and SIGTERM (and the end of the terminal) raise `StopRequestedError`, once; then they wait."""
    signals = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        raise StopRequestedError

    before = {one: signal.signal(one, stop) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
