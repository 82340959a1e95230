"""One process under the supervisor."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from watchword.config import inherited

_TAIL_LINES = 12
_TAIL_BYTES = 8192


class Child:
    """A Python module in a process of its own, on a leash, writing to a log file.

    Args:
        name: what people call it.
        module: run as ``python -m``.
        arguments: after the module.
        log: everything it writes goes here (mode 0600), added to what is there.
        leash: the end of a pipe that the child watches.
        pass_fds: further descriptors it inherits.
    """

    def __init__(
        self, name: str, module: str, arguments: Sequence[str], *, log: Path, leash: int, pass_fds: Sequence[int] = ()
    ) -> None:
        self.name = name
        self.log = log
        self._began_at = log.stat().st_size if log.exists() else 0
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter and our own modules
                [sys.executable, "-m", "watchword.cli.local.leash", str(leash), module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                pass_fds=[leash, *pass_fds],
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops both in order
                env=inherited(PYTHONUNBUFFERED="1"),
            )
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self._process.poll()
        if code is None:
            return "still runs"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def ask_to_stop(self) -> None:
        """SIGTERM, unless it has ended."""
        if not self.has_ended:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait for its end; after ``seconds`` it is killed."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self) -> list[str]:
        """The last lines it wrote since it was started."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._began_at, size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-_TAIL_LINES:]
