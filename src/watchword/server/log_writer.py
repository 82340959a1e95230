"""A log handler that serving never waits for (R22), and a filter that keeps one fault from filling a disk (R26)."""

import atexit
import collections
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator

WAITING_LIMIT = 10_000  # lines that may wait to be written; further ones are dropped and counted
FLUSH_SECONDS = 2.0  # at the end of the process
GATHER_SECONDS = 0.01  # in which lines are gathered: to wake the thread for each costs more than to write it
PIPE_SIZE = 4096  # bytes that a pipe takes whole (PIPE_BUF), so that lines of other processes do not come in between
STORM_LIMIT = 10  # lines of one kind
STORM_SECONDS = 10.0  # in which there may be so many
_KINDS_LIMIT = 512


class LogWriter(logging.Handler):
    """Lines go into a bounded queue, and one thread writes them: a pipe that nobody reads stops only that thread.

    Args:
        descriptor: where to write.
        on_drop: is told the reason of each line that is not written (`telemetry.LOG_LOSSES`).
    """

    def __init__(self, descriptor: int = 2, on_drop: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._on_drop = on_drop or (lambda _: None)
        self._lines: collections.deque[bytes] = collections.deque()
        self._news = threading.Condition(threading.Lock())
        self._writing = False
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        except Exception:  # noqa: BLE001  a line that cannot be made must not stop what it tells of
            self._on_drop("blocked")
            return
        with self._news:
            is_full = len(self._lines) >= WAITING_LIMIT
            if not is_full:
                self._lines.append(line)
                self._start()
                self._news.notify()
        if is_full:
            self._on_drop("blocked")

    def flush(self) -> None:
        """Wait until what was logged is written, but not for a reader who does not read."""
        self._hurry.set()
        with self._news:
            self._news.wait_for(lambda: not self._lines and not self._writing, FLUSH_SECONDS)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="watchword-log", daemon=True)
            self._thread.start()
            atexit.register(self.flush)

    def _serve(self) -> None:
        while True:
            with self._news:
                self._writing = False
                self._news.notify_all()
                self._news.wait_for(lambda: self._lines)
                self._writing = True
            self._hurry.wait(GATHER_SECONDS)
            with self._news:
                self._hurry.clear()
                batch = list(self._lines)
                self._lines.clear()
            for lines, count in _together(batch):
                self._write(lines, count)

    def _write(self, lines: bytes, count: int) -> None:
        try:
            while lines:
                lines = lines[os.write(self._descriptor, lines) :]
        except OSError:  # closed, or the disk behind it is full
            for _ in range(count):
                self._on_drop("blocked")


def _together(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """``lines`` in as few pieces as a pipe takes whole, and how many are in each; a longer line is one of its own."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and size + len(line) > PIPE_SIZE:
            yield b"".join(piece), len(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield b"".join(piece), len(piece)


class Storm(logging.Filter):
    """Let ten warnings of one kind pass in ten seconds; the next one after that says how many were left out.

    Request lines pass: there are as many as requests. A kind is a logger and the text of its message,
    or of another library the line of code.
    """

    def __init__(self, on_drop: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._on_drop = on_drop or (lambda _: None)
        self._kinds: dict[tuple[str, str], list[float]] = {}  # since when, how many, how many of them left out

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        # Our texts are constant. Others may put into theirs what differs each time: there the place is the kind.
        is_own = record.name.startswith("watchword.")
        kind = (record.name, str(record.msg) if is_own else f"{record.pathname}:{record.lineno}")
        if kind not in self._kinds and len(self._kinds) >= _KINDS_LIMIT:
            self._kinds.clear()
        window = self._kinds.setdefault(kind, [record.created, 0.0, 0.0])
        if not 0 <= record.created - window[0] < STORM_SECONDS:
            if window[2]:
                record.suppressed = int(window[2])
            window[:] = [record.created, 0.0, 0.0]
        window[1] += 1
        if window[1] > STORM_LIMIT:
            window[2] += 1
            self._on_drop("storm")
            return False
        return True
