"""The other side of `tests.faults.crash`: a process that forks workers, and what each of them does.

Run as ``python -m tests.faults.crash_worker MODULE``. Lines of JSON come in on stdin and go out on stdout; the worker
inherits both. Only one of the two reads at any time: the parent waits for the end of its child.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from typing import Any

import watchword.failpoints
import watchword.store.postgres_engine
import watchword.store.sqlite_engine


def main(module_name: str) -> None:
    """Fork a worker whenever told to, until stdin ends."""
    module = importlib.import_module(module_name)
    while line := _read_line():
        message = json.loads(line)
        if "start" not in message:
            continue  # meant for a worker that has died
        child = os.fork()
        if child == 0:
            watchword.failpoints.ACTIVE = watchword.failpoints.parse(message["failpoints"])
            try:
                asyncio.run(_work(module, message["start"]))
            except BaseException:  # noqa: BLE001  told on stderr; the status tells the runner
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        _say({"ended": os.waitstatus_to_exitcode(status)})


async def _work(module: Any, setup: dict[str, Any]) -> None:
    """Answer jobs, all at once, until told to stop."""
    jobs: set[asyncio.Task[None]] = set()
    async with module.worker(setup) as handle:
        _say({"ready": os.getpid()})
        async for message in _messages():
            if "kill" in message:
                os.kill(os.getpid(), signal.SIGKILL)
            if "stop" in message:
                break
            job = asyncio.create_task(_answer(handle, message))
            jobs.add(job)
            job.add_done_callback(jobs.discard)
        await asyncio.gather(*jobs)


async def _answer(handle: Any, message: dict[str, Any]) -> None:
    try:
        _say({"id": message["id"], "answer": await handle(message["job"])})
    except Exception:  # noqa: BLE001  the runner raises it where the job was asked
        _say({"id": message["id"], "raised": traceback.format_exc()})


async def _messages() -> AsyncIterator[dict[str, Any]]:
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    with os.fdopen(os.dup(0), "rb") as stdin:
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
        try:
            while line := await reader.readline():
                yield json.loads(line)
        finally:
            transport.close()
            os.set_blocking(0, True)  # the mode belongs to the pipe, which the parent reads next


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _read_line() -> bytes:
    """One line, and not a byte more: what follows may be for the worker."""
    line = b""
    os.set_blocking(0, True)  # a worker that was killed has left it otherwise
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


if __name__ == "__main__":
    main(sys.argv[1])
