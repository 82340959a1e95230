"""A real `watchword up` in processes of its own, for tests that look at it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_TIMEOUT = 60.0


@dataclass
class Installation:
    """What runs, where, and everything it has written."""

    process: "subprocess.Popen[bytes]"
    ready: dict[str, Any]
    directory: Path
    log: Path

    @property
    def issuer(self) -> str:
        return str(self.ready["issuer"])

    @property
    def demo_api(self) -> str:
        return str(self.ready["demo_api"])

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Ask it to end, as Ctrl-C does; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


def start(directory: Path, *arguments: str, environment: dict[str, str] | None = None) -> Installation:
    """Run ``watchword up`` in ``directory`` on free ports and wait until everything answers."""
    ready_file, log = directory / "ready.json", directory / "up.log"
    ready_file.unlink(missing_ok=True)
    command = [
        str(Path(sys.executable).parent / "watchword"),
        "up",
        "--no-open",
        "--ready-file",
        str(ready_file),
        "--data-dir",
        str(directory / "data"),
        *arguments,
    ]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=directory,
            env={**_without_settings(os.environ), "PYTHONWARNINGS": "default", **(environment or {})},
        )
    deadline = time.monotonic() + START_TIMEOUT
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"`watchword up` did not get ready:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
    return Installation(process, json.loads(ready_file.read_text()), directory, log)


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would configure the installation from outside the test."""
    return {name: value for name, value in environment.items() if not name.startswith("WATCHWORD_")}
