"""Bringing the schema up to date in a process of its own, because Alembic would stay in this one's memory."""

import signal
import subprocess
import sys
from pathlib import Path

from watchword.cli.local.errors import LocalError


class Migration:
    """``watchword migrate --schema-only``, begun early or run when it is found to be needed.

    Args:
        config: the configuration file.
    """

    def __init__(self, config: Path) -> None:
        self._command = [sys.executable, "-m", "watchword.cli", "migrate", "--schema-only", "--config", str(config)]
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Start it and go on."""
        # A signal to end that came between the fork and the assignment would leave a process that nobody knows.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def finish(self) -> None:
        """Wait for what was begun, if anything was.

        Raises:
            LocalError: it did not succeed.
        """
        if self._process is None:
            return
        output, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise LocalError(output.strip().removeprefix("error: ") or "the migration ended without a word")

    def run(self) -> None:
        """Do it now.

        Raises:
            LocalError: it did not succeed.
        """
        self.begin()
        self.finish()

    def stop(self) -> None:
        """End it if it still runs: its transaction is rolled back. Nothing of it is left when this returns."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
