"""A terminal as a person has it: a folder, a Python environment that is activated, and what has been printed."""

import os
import pty
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_STOP_SECONDS = 20.0
_STYLING = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")
_NOT_A_PERSONS = ("WATCHWORD_", "PYTHON", "PYTEST", "VIRTUAL_ENV", "COV_")


class Terminal:
    """Commands are given as text, to a shell.

    Args:
        folder: where they run.
        environment: the virtual environment that is activated; None for none.
    """

    def __init__(self, folder: Path, environment: Path | None = None) -> None:
        self._folder = folder
        self._variables = _variables(os.environ)
        if environment is not None:
            self._variables["VIRTUAL_ENV"] = str(environment)
            self._variables["PATH"] = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def run(self, command: str, *, seconds: float = 600.0) -> str:
        """Run ``command`` to its end; returns its standard output.

        Raises:
            AssertionError: it failed; says what it printed.
        """
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert ran.returncode == 0, f"{command!r} ended with status {ran.returncode}:\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    @contextmanager
    def running(self, command: str) -> Iterator["Program"]:
        """Run ``command`` for as long as the block lasts, then end it as Ctrl-C does."""
        program = Program(command, self._folder, self._variables)
        try:
            yield program
        finally:
            program.stop()


class Program:
    """What runs in a terminal and prints on it."""

    def __init__(self, command: str, folder: Path, variables: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._printed = bytearray()
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def screen(self) -> str:
        """What is to be read, without colours."""
        return _STYLING.sub("", self._printed.decode(errors="replace"))

    def wait_for(self, pattern: str, *, seconds: float = 60.0) -> str:
        """Wait until ``pattern`` is to be read; returns its first group, or all of it."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.screen)) is None:
            assert self._process.poll() is None, f"it has ended:\n{self.screen}"
            assert time.monotonic() < deadline, f"nothing of the kind is printed:\n{self.screen}"
            time.sleep(0.02)
        return found[1] if found.re.groups else found[0]

    def stop(self) -> None:
        """End it as Ctrl-C does; what does not end is killed."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                raise
            finally:
                self._reader.join(1.0)
                os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                self._printed += os.read(self._ours, 4096)
            except OSError:  # the other end is closed: nobody is there to print
                return


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what the tests, or who runs them, have set up for Python and for us."""
    kept = {name: value for name, value in environment.items() if not name.startswith(_NOT_A_PERSONS)}
    return {**kept, "TERM": "xterm-256color"}
