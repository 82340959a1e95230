"""Processes that are killed at failpoints, again and again, fast.

A campaign is a *worker* in a module of its own and a test that drives it::

    # tests/issuer/refresh_worker.py
    @asynccontextmanager
    async def worker(setup: dict[str, Any]) -> AsyncIterator[Handler]:
        store = open_store(setup["url"])
        async def handle(job: dict[str, Any]) -> dict[str, Any]:
            return {"token": await rotate(store, job["token"])}
        yield handle
        await store.close()

    # tests/issuer/test_refresh_crashes.py
    async with CrashRunner("tests.issuer.refresh_worker", {"url": store_url}) as runner:
        for _ in range(50):
            await runner.start("refresh.before_commit=kill")
            assert await runner.call(token=token) is None     # it died by SIGKILL, and by nothing else
            await runner.start()                              # a new process, no failpoint
            answer = await runner.call(token=token)

The modules are imported once, in a process that does nothing but fork, so that a new worker takes milliseconds.
"""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

ROOT = Path(__file__).parents[2]
_PATIENCE = 30.0  # seconds


class WorkerFailedError(AssertionError):
    """A worker did something else than answer or be killed."""


def run_until_killed(arguments: Sequence[str], failpoints: str) -> None:
    """Run Python with ``arguments`` and ``failpoints`` set, and make sure that SIGKILL is what ends it."""
    finished = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "WATCHWORD_FAILPOINTS": failpoints},
        cwd=ROOT,
        timeout=_PATIENCE,
        capture_output=True,
        check=False,
    )
    if finished.returncode != -signal.SIGKILL:
        raise WorkerFailedError(f"ended with {finished.returncode}: {finished.stderr.decode(errors='replace')}")


class CrashRunner:
    """Workers of one kind, one alive at a time.

    Args:
        module: the dotted name of a module with the async context manager ``worker(setup)``.
        setup: what each worker is given; anything JSON can say.
    """

    def __init__(self, module: str, setup: Mapping[str, Any]) -> None:
        self._module = module
        self._setup = dict(setup)
        self._ids = itertools.count()
        self._process: asyncio.subprocess.Process | None = None
        self._alive = False

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.crash_worker", self._module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            limit=2**24,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._process._transport.close()  # type: ignore[attr-defined]  # else its end is a ResourceWarning

    async def start(self, failpoints: str = "") -> None:
        """A new worker with ``failpoints`` set; the one before, if it lives, is asked to end first."""
        if self._alive:
            await self.stop()
        await self._send({"start": self._setup, "failpoints": failpoints})
        message = await self._receive()
        if "ready" not in message:
            raise WorkerFailedError(f"the worker did not start: {message}")
        self._alive = True

    async def call(self, **job: Any) -> dict[str, Any] | None:
        """The worker's answer to ``job``; none when it was killed before it answered."""
        return (await self.call_all([job]))[0]

    async def call_all(self, jobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any] | None]:
        """The answers to ``jobs``, all asked at once; none for those it died without answering.

        Raises:
            WorkerFailedError: a job raised, or the worker ended by something else than SIGKILL.
        """
        if not self._alive:
            raise WorkerFailedError("no worker is running")
        ids = [next(self._ids) for _ in jobs]
        for number, job in zip(ids, jobs, strict=True):
            await self._send({"id": number, "job": dict(job)})
        answers: dict[int, dict[str, Any]] = {}
        while len(answers) < len(ids):
            message = await self._receive()
            if "ended" in message:
                self._alive = False
                if message["ended"] != -signal.SIGKILL:
                    raise WorkerFailedError(f"the worker ended with {message['ended']}")
                break
            if "raised" in message:
                raise WorkerFailedError(message["raised"])
            answers[message["id"]] = message["answer"]
        return [answers.get(number) for number in ids]

    async def kill(self) -> None:
        """Kill the worker from outside, wherever it is."""
        await self._send({"kill": True})
        await self._await_end()

    async def stop(self) -> None:
        """Let the worker close what it holds and end."""
        await self._send({"stop": True})
        await self._await_end()

    async def _await_end(self) -> None:
        while "ended" not in await self._receive():
            pass  # answers to jobs nobody waits for any more
        self._alive = False

    async def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def _receive(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), _PATIENCE)
        if not line:
            raise WorkerFailedError("the process that makes workers has ended")
        message: dict[str, Any] = json.loads(line)
        return message
