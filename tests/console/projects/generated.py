"""A generated project in a folder of its own, run as a person would run it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from watchword.console.projects import Facts, ProjectKind

SECRET = "secret-of-the-generated-project-0123456789"
START_TIMEOUT = 60.0


def facts_of(kind: ProjectKind, issuer: str) -> Facts:
    """What the project is told when everything it wanted has been made."""
    wanted = kind.wanted()
    return Facts(
        issuer=issuer,
        api_identifier=wanted.api_identifier,
        api_name=wanted.api_name,
        scopes=wanted.scopes,
        client_id=client_id(kind),
        client_secret=None if wanted.public else SECRET,
        app_port=kind.app_port,
        api_port=kind.api_port,
    )


def client_id(kind: ProjectKind) -> str:
    return f"project-{kind.name}"


def write(files: dict[str, str], folder: Path) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


class Running:
    """``python run.py`` with everything it has written.

    Args:
        folder: of the project.
        home: of the person who runs it.
        arguments: after ``run.py``.
    """

    def __init__(self, folder: Path, home: Path, *arguments: str) -> None:
        self.folder = folder
        self._home = home
        self._log = folder.with_suffix(".log")
        with self._log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", *arguments],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
        return kept | {
            "HOME": str(self._home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONWARNINGS": "default",
        }

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, pattern: str) -> str:
        """What ``pattern`` found in the output, as soon as it is there."""
        deadline = time.monotonic() + START_TIMEOUT
        while (found := re.search(pattern, self.output(), re.MULTILINE)) is None:
            assert self.process.poll() is None, f"the project has ended:\n{self.output()}"
            assert time.monotonic() < deadline, f"{pattern!r} did not come:\n{self.output()}"
            time.sleep(0.02)
        return found[0]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another program of the project, to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def end(self) -> int:
        """Let it end by itself; returns its exit status."""
        return self.process.wait(timeout=START_TIMEOUT)

    def interrupt(self) -> int:
        """Press Ctrl-C: the whole process group hears it, as in a terminal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.end()


def is_listening(port: int) -> bool:
    try:
        httpx2.get(f"http://localhost:{port}/", trust_env=False, timeout=5)
    except httpx2.ConnectError:
        return False
    return True
