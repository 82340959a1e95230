"""Signals as events of a loop that waits: nothing is done inside a handler but taking note."""

import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """What was sent to this process since it was last asked."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._noted: set[int] = set()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Within, the four signals are taken note of; the main thread alone may enter."""
        before = {one: signal.signal(one, self._note) for one in _HANDLED}
        wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for one, handler in before.items():
                signal.signal(one, handler)
            os.close(self._read)
            os.close(self._write)

    def wait(self, seconds: float, further: Iterable[int]) -> set[int]:
        """Wait until a signal comes or one of ``further`` can be read, at most ``seconds``; returns the signals."""
        select.select([self._read, *further], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._read, 4096)
        noted, self._noted = self._noted, set()
        return noted

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._noted.add(number)


def reap_strangers(own: Iterable[int]) -> None:
    """Take note of the ends of processes that nobody else will: as process 1 of a container, orphans are ours."""
    known = set(own)
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        # The kernel tells of one that ended at a time: while it is one of ours, whoever started it asks for it.
        if ended is None or ended.si_pid in known:
            return
        with suppress(ChildProcessError):
            os.waitpid(ended.si_pid, os.WNOHANG)
