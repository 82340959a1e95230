"""Processes of the benchmark's own: a question is a line of JSON, and so is its answer.

Moments are told by the monotonic clock, which all processes of a machine share where there is a benchmark to run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

Answering = Callable[[dict[str, Any]], Any]


class Child:
    """A process that answers. It ends with its standard input.

    Args:
        command: what to run; a Python module of ours when it is one word.
        begin: the first thing it is told.
    """

    def __init__(self, command: str | Sequence[str], begin: dict[str, Any], *, environment: dict[str, str]) -> None:
        words = [sys.executable, "-m", command] if isinstance(command, str) else list(command)
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.send(begin)

    def send(self, question: dict[str, Any]) -> None:
        """Ask; the answer is awaited by `receive`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        """The answer to the oldest question that has none.

        Raises:
            SystemExit: the process has ended.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a process of the benchmark ended with {self.process.wait()}")
        return json.loads(line)

    def ask(self, question: dict[str, Any]) -> Any:
        """`send` and `receive`."""
        self.send(question)
        return self.receive()

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ask_all(children: Sequence[Child], question: dict[str, Any]) -> list[Any]:
    """Every child's answer to one question, which they work on at the same time."""
    for child in children:
        child.send(question)
    return [child.receive() for child in children]


def say(answer: Any) -> None:
    """In a child: answer."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def answer_until_the_end(answering: Answering) -> None:
    """In a child: answer each line, until there are no more."""
    for line in sys.stdin:
        say(answering(json.loads(line)))
