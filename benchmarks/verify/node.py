"""The libraries of Node, in a process of their own on the same core, round by round beside ours."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.verify.material import Material, for_node
from benchmarks.verify.rounds import Taken

SCRIPT = Path(__file__).parents[1] / "verify_node.mjs"
HOME = SCRIPT.parents[1] / "tests" / "interop" / "node"  # where the versions are locked
MISSING = "fast-jwt and jose: node is not on the path"


class Node:
    """One Node process. It dies with its standard input."""

    def __init__(self, executable: str) -> None:
        self._process = subprocess.Popen(
            [executable, str(SCRIPT), str(HOME)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.versions: dict[str, str | None] = self._ask({"ask": "hello"})["versions"]

    @classmethod
    def start(cls) -> Self | None:
        """A process, or None where there is no Node. It inherits the core of this one."""
        executable = shutil.which("node")
        return None if executable is None else cls(executable)

    def prepare(self, table: str, material: Material) -> tuple[list["Remote"], list[str]]:
        """The contenders of ``table``, and why others are not among them."""
        told = self._ask({"ask": table, "material": json.loads(for_node(material))})
        missing = [f"{one['name']} on Node, {material.alg}: {one['problem']}" for one in told if "problem" in one]
        made = [Remote(one["name"], self, tuple(one["refuses"])) for one in told if "problem" not in one]
        return made, missing

    def round(self, name: str, calls: int) -> Taken:
        """One round of the contender ``name``."""
        told = self._ask({"ask": "round", "name": name, "calls": calls})
        return Taken(told["cpu"], told["wall"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmark's process on Node ended")
        return json.loads(line)


@dataclass(frozen=True, slots=True)
class Remote:
    """A contender on Node."""

    name: str
    node: Node
    refuses: Sequence[str]
    warm_rounds: int = 100  # a second: only then has V8 compiled what it will

    def run(self, calls: int) -> Taken:
        """Let it do its thing ``calls`` times."""
        return self.node.round(self.name, calls)
