"""`watchword init` as a process: what it prints, what it writes."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WATCHWORD = str(Path(sys.executable).parent / "watchword")


@dataclass(frozen=True)
class Written:
    """What `init --json` said, and where it wrote."""

    directory: Path
    said: dict[str, Any]

    def text(self, name: str) -> str:
        return (self.directory / name).read_text()

    def commands(self) -> list[str]:
        return [command for step in self.said["steps"] for command in step["commands"]]


def init(directory: Path, *words: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
    """Run it without a terminal."""
    done = subprocess.run(
        [WATCHWORD, "init", "--directory", str(directory), *words],
        capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def written(directory: Path, *words: str) -> Written:
    """Run it and read what it says."""
    return Written(directory, json.loads(init(directory, "--yes", "--json", *words).stdout))
