"""What one token costs the issuer: CPU time of a refresh and of a client's token for itself, on each database.

The requests are handed to the application in this process, so that neither TLS nor a client is counted, and CPU time
is, not the clock on the wall: a busy machine makes the figures no worse than its caches do.
"""

import argparse
import asyncio
import base64
import cProfile
import gc
import json
import pstats
import shutil
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from benchmarks.trust import telling
from benchmarks.verify.figures import Findings, Row, Table
from tests.conftest import MASTER_KEY, NOW, prepare
from tests.faults.postgres import PostgresServer
from tests.issuer.issuing import (
    ISSUER,
    ORDERS,
    SECRET,
    Listener,
    World,
    client_of,
    make_issuer,
    make_ring_keys,
    populate,
    store_ring,
)
from uvicorn.loops.auto import auto_loop_factory

from watchword.clock import SettableClock
from watchword.events import NoSink
from watchword.issuer.app import create_app
from watchword.store.engine import open_store
from watchword.store.repositories.clients import Client

AT_ONCE = 8
_COLUMNS = ("CPU µs", "of them beside the event loop", "a second of CPU")
Send = Callable[[bytes], Awaitable[dict[str, Any]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``python -m benchmarks issue`` may be told."""
    parser.add_argument("--quick", action="store_true", help="a small run that shows that it works, and nothing more")
    parser.add_argument("--runs", type=int, default=5, help="how often to measure (default 5); medians are told")
    parser.add_argument("--profile", type=int, metavar="LINES", help="also where the event loop's time goes")
    parser.add_argument(
        "--database", choices=("postgresql", "sqlite"), action="append", help="one of them alone (default both)"
    )


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    told = telling.Run(
        "issue",
        f"{AT_ONCE} requests at once, in one process, without TLS or a client",
        "CPU time of the process for each answer, the database's own not counted (SQLite works inside the process)",
    )
    rounds = 4 if options.quick else 100
    runs = 1 if options.quick else options.runs
    for database in options.database or ("postgresql", "sqlite"):
        with _database(database) as url, asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            rows = runner.run(_measure(url, rounds=rounds, runs=runs, lines=options.profile))
        told.findings.add(Findings([Table(f"{database}, for each token answer", _COLUMNS, tuple(rows))], []))
    told.print(as_json=options.json)
    return 0


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        directory = Path(tempfile.mkdtemp(prefix="watchword-issue-"))
        url = f"sqlite:///{directory / 'store.sqlite'}"
        prepare(url)
        yield url
        shutil.rmtree(directory)
        return
    server = PostgresServer(durable=True)
    try:
        server.start()
        prepare(server.url())
        yield server.url()
    finally:
        server.remove()


async def _measure(url: str, *, rounds: int, runs: int, lines: int | None) -> list[Row]:
    store = open_store(url)
    clock = SettableClock(NOW)
    issuer = make_issuer(store, clock, MASTER_KEY, Listener())
    await store_ring(store, make_ring_keys(MASTER_KEY), clock.now())
    await issuer.keys.start()
    user, session = await populate(issuer, clock)
    issuer = replace(issuer, events=NoSink())
    app = create_app(issuer)
    async with client_of(app) as http:
        world = World(issuer, clock, http, Listener(), user, session)
        client = await world.client()
        plain = [
            (await world.sign_in(client, scopes=("offline_access", "orders:read")))["refresh_token"]
            for _ in range(AT_ONCE)
        ]
        openid = [(await world.sign_in(client))["refresh_token"] for _ in range(AT_ONCE)]
    send = partial(_post, app, client)
    machine = urlencode({"grant_type": "client_credentials", "scope": "orders:read", "resource": ORDERS}).encode()
    loads: dict[str, Callable[[], Awaitable[None]]] = {
        "client credentials": partial(_repeat, send, machine, rounds),
        "refresh": partial(_rotate, send, plain, rounds),
        "refresh with an ID token (RS256)": partial(_rotate, send, openid, rounds),
    }
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in loads}
    for number in range(runs + 1):
        for name, load in loads.items():
            gc.collect()
            cpu, own = time.process_time(), time.thread_time()
            await load()
            cpu, own = time.process_time() - cpu, time.thread_time() - own
            if number:  # the first warms up
                figures[name].append((1e6 * cpu / rounds / AT_ONCE, 1e6 * (cpu - own) / rounds / AT_ONCE))
    for name, load in loads.items():
        if lines:
            await _profile(name, load, lines)
    await store.close()
    issuer.passwords.close()
    rows = []
    for name, found in figures.items():
        whole, beside = median(one for one, _ in found), median(other for _, other in found)
        rows.append(Row(name, (whole, beside, 1e6 / whole)))
    return rows


async def _profile(name: str, load: Callable[[], Awaitable[None]], lines: int) -> None:
    profile = cProfile.Profile(time.thread_time)
    threading.setprofile(None)
    profile.enable()
    await load()
    profile.disable()
    print(name)
    pstats.Stats(profile).sort_stats("tottime").print_stats(lines)


async def _repeat(send: Send, form: bytes, rounds: int) -> None:
    async def one() -> None:
        for _ in range(rounds):
            await send(form)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))


async def _rotate(send: Send, tokens: list[str], rounds: int) -> None:
    async def one(number: int) -> None:
        for _ in range(rounds):
            form = urlencode({"grant_type": "refresh_token", "refresh_token": tokens[number]}).encode()
            tokens[number] = (await send(form))["refresh_token"]

    await asyncio.gather(*map(one, range(len(tokens))))


async def _post(app: Any, client: Client, form: bytes) -> dict[str, Any]:
    """The answer of the token endpoint, asked as a server asks it."""
    pair = base64.b64encode(f"{client.id}:{SECRET}".encode())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/token",
        "raw_path": b"/token",
        "root_path": "",
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8400),
        "headers": [
            (b"host", ISSUER.removeprefix("http://").encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(form)).encode()),
            (b"authorization", b"Basic " + pair),
        ],
    }
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": form, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in answered[1:])
    if answered[0]["status"] != 200:
        raise SystemExit(f"the issuer answered {answered[0]['status']}: {body.decode()}")
    return dict(json.loads(body))
