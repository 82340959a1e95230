"""One worker, seen from its supervisor.

It is a program of its own and not a fork: a fork would copy locks that threads of the supervisor hold, and would go on
with the code and the settings of before, where a reload means the present ones.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from watchword.server.workers.report import Receiver, Report


@dataclass(frozen=True, slots=True)
class Launch:
    """How workers are started.

    Args:
        command: Python's arguments, ``-m`` and what follows; ``{leash}``, ``{sockets}`` and ``{report}`` in it become
            the numbers of the descriptors the worker inherits.
        sockets: descriptors of the bound sockets that all workers share.
        leash: the end of a pipe whose other end only the supervisor holds: when it closes, the worker ends itself.
    """

    command: tuple[str, ...]
    sockets: tuple[int, ...]
    leash: int


class Worker:
    """A process that starts, serves, and ends.

    Args:
        launch: how to start it.
        now: monotonic seconds.
    """

    def __init__(self, launch: Launch, *, now: float) -> None:
        self._receiver = Receiver()
        self._report: Report | None = None
        self.began_at = now
        self.stop_by: float | None = None
        named = {
            "leash": str(launch.leash),
            "sockets": ",".join(map(str, launch.sockets)),
            "report": str(self._receiver.write),
        }
        try:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter and our own module
                [sys.executable, *(part.format_map(named) for part in launch.command)],
                stdin=subprocess.DEVNULL,
                pass_fds=(launch.leash, *launch.sockets, self._receiver.write),
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops all of them in order
            )
        except BaseException:
            self._receiver.close()
            raise
        finally:
            self._receiver.close_write()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def is_serving(self) -> bool:
        """Whether it has said that it serves, and still runs."""
        return self._report is not None and not self._report.problems and not self.has_ended

    @property
    def report(self) -> Report | None:
        """What it said of its start; None before."""
        return self._report

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self._process.poll()
        if code is None:
            return "still runs"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def listen(self) -> None:
        """Take its report if it has come; a worker that ended without one reports so."""
        if self._report is not None:
            return
        try:
            self._report = self._receiver.read()
        except EOFError:
            if self.has_ended:
                self._report = Report(problems=(f"a worker {self.ending} before it served",))

    def waits_for_report(self) -> int | None:
        """The descriptor on which its report will come; None when nothing will come any more."""
        return self._receiver.descriptor if self._receiver.is_open else None

    def ask_to_stop(self, *, by: float) -> None:
        """SIGTERM; after ``by``, monotonic seconds, it may be killed."""
        if self.stop_by is None and not self.has_ended:
            self.stop_by = by
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it now, and take note of it."""
        if not self.has_ended:
            self._process.kill()
        self._process.wait()
        self._receiver.close()

    def let_go(self) -> None:
        """After its end: nothing of it is kept open."""
        self._receiver.close()


def serving(workers: Sequence[Worker]) -> int:
    """How many of them serve."""
    return sum(worker.is_serving for worker in workers)
