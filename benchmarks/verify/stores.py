"""A Redis and a PostgreSQL of the benchmark's own, on loopback, with the same sessions in both."""

import asyncio
import importlib
import json
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

SESSIONS = 10_000
START_LIMIT = 10.0  # seconds


def session_ids() -> list[str]:
    """The sessions' random ids, the same at every run."""
    source = random.Random(20260101)
    return [f"{source.getrandbits(128):032x}" for _ in range(SESSIONS)]


@contextmanager
def redis_server() -> Iterator[int]:
    """A Redis with nothing written to disk.

    Yields:
        Its port.

    Raises:
        FileNotFoundError: there is none here.
    """
    executable = shutil.which("redis-server")
    if executable is None:
        raise FileNotFoundError("redis-server is not on the path (apt-get install redis-server)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    options = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "daemonize": "no"}
    command = [executable, *(text for name, value in options.items() for text in (f"--{name}", str(value)))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server did not start") from None
            time.sleep(0.01)
        else:
            return


def fill_redis(port: int, session: Mapping[str, Any]) -> None:
    """Every session, as JSON under its id."""
    client = importlib.import_module("redis").Redis(port=port)
    text = json.dumps(dict(session))
    pipeline = client.pipeline(transaction=False)
    for name in session_ids():
        pipeline.set(f"session:{name}", text)
    pipeline.execute()
    client.close()


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL from the wheel that the tests use.

    Yields:
        Its URL.

    Raises:
        ImportError, RuntimeError: there is none here.
    """
    server = importlib.import_module("tests.faults.postgres").PostgresServer()
    try:
        server.start()
        yield server.url()
    finally:
        server.remove()


def fill_postgres(url: str, session: Mapping[str, Any]) -> None:
    """Every session, a row under its id; the table's columns are what an API asks of a session."""
    rows = [
        (name, session["sub"], session["client_id"], session["scope"], session["roles"], session["exp"])
        for name in session_ids()
    ]

    async def fill() -> None:
        connection = await importlib.import_module("asyncpg").connect(url)
        await connection.execute(
            "CREATE TABLE sessions (id text PRIMARY KEY, sub text NOT NULL, client_id text NOT NULL,"
            " scope text NOT NULL, roles text[] NOT NULL, expires_at bigint NOT NULL)"
        )
        await connection.copy_records_to_table("sessions", records=rows)
        await connection.execute("ANALYZE sessions")
        await connection.close()

    asyncio.run(fill())
