"""What a worker tells its supervisor, once, through a pipe: that it serves, or what keeps it from serving."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass

_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Report:
    """How a start went.

    Args:
        problems: sentences; empty when the worker serves.
        workers: how many workers its configuration asks for.
    """

    problems: tuple[str, ...] = ()
    workers: int = 1


class Sender:
    """The worker's end of the pipe: the first report is told, and no other.

    Args:
        descriptor: of the pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_open = True
        os.set_inheritable(descriptor, False)

    def send(self, report: Report) -> None:
        """Tell ``report`` and close the pipe; a supervisor that is gone is no error."""
        if not self._is_open:
            return
        self._is_open = False
        with suppress(BrokenPipeError), os.fdopen(self._descriptor, "wb") as pipe:
            pipe.write(json.dumps(asdict(report)).encode())


class Receiver:
    """The supervisor's end of the pipe, which never waits."""

    def __init__(self) -> None:
        self.descriptor, self.write = os.pipe()
        os.set_blocking(self.descriptor, False)
        self._received = b""
        self.is_open = True

    def close_write(self) -> None:
        """Let go of the end that the worker has inherited."""
        os.close(self.write)

    def read(self) -> Report | None:
        """The report; None while it has not come.

        Raises:
            EOFError: the worker ended, or closed its end, without a report.
        """
        while self.is_open:
            try:
                part = os.read(self.descriptor, 65536)
            except BlockingIOError:
                return None
            if part and len(self._received) < _LIMIT:
                self._received += part
                continue
            self.close()
        try:
            record = json.loads(self._received)
        except ValueError:
            raise EOFError from None
        return Report(problems=tuple(record["problems"]), workers=int(record["workers"]))

    def close(self) -> None:
        """Listen no more."""
        if self.is_open:
            self.is_open = False
            os.close(self.descriptor)
