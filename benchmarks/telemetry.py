"""What telling costs a request: client-credentials tokens from one issuer that tells nobody, one that counts, one that
counts and traces, in turn, without a network between. Told are the medians and their ratio to the first.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from benchmarks.enumeration import install

from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.server.metrics import Meter
from watchword.server.tracing import Tracer
from watchword.store.repositories.apis import Scope
from watchword.wiring import create_application, open_issuer

API = "https://orders.example"
NOBODY = "http://127.0.0.1:9/v1/traces"  # spans are made, kept and, as no collector takes them, dropped
REQUESTS = 25  # in one turn


def run(options: argparse.Namespace) -> int:
    """Measure ``options.runs`` x 8 turns of each."""
    told = asyncio.run(_measure(options.runs * 8))
    print(json.dumps(told, indent=2) if options.json else _table(told))
    return 0


async def _measure(turns: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="watchword-benchmark-") as directory:
        settings = await install(Path(directory))
        tracer = Tracer(NOBODY)
        kinds: dict[str, dict[str, Any]] = {
            "silent": {},
            "metrics": {"events": Meter()},
            "metrics_and_traces": {"events": Meter(), "spans": tracer},
        }
        async with AsyncExitStack() as stack:
            applications = {}
            request: tuple[bytes, bytes] | None = None
            for name, telling in kinds.items():
                opened = await open_issuer(settings, **telling)
                application = create_application(opened, ())
                await stack.enter_async_context(application.router.lifespan_context(application))
                applications[name] = application
                request = request or await _client(opened.desk)
            assert request is not None
            seconds: dict[str, list[float]] = {name: [] for name in kinds}
            for _ in range(turns):
                for name in random.sample(list(kinds), len(kinds)):
                    began = time.perf_counter()
                    for _ in range(REQUESTS):
                        await _ask(applications[name], *request)
                    seconds[name].append((time.perf_counter() - began) / REQUESTS)
    medians = {name: statistics.median(taken) * 1e6 for name, taken in seconds.items()}
    ratios = {
        f"{name}_ratio": statistics.median(one / base for one, base in zip(taken, seconds["silent"], strict=True))
        for name, taken in seconds.items()
    }
    told = {f"{name}_us": round(median, 1) for name, median in medians.items()}
    return {**told, **{name: round(ratio, 3) for name, ratio in ratios.items()}, "load": round(os.getloadavg()[0], 2)}


async def _client(desk: Any) -> tuple[bytes, bytes]:
    """The credentials and the form of a service that asks for a token for itself."""
    await add_api(desk, identifier=API, name="Orders", scopes=(Scope("orders:read", "See orders"),))
    client, secret = await add_client(desk, ClientRequest(name="reports", api_scopes={API: ("orders:read",)}))
    basic = base64.b64encode(f"{client.id}:{secret}".encode())
    return basic, f"grant_type=client_credentials&resource={API}".encode()


async def _ask(application: Any, basic: bytes, form: bytes) -> None:
    status = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": form, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/token",
        "raw_path": b"/token",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 8400),
        "headers": [
            (b"host", b"localhost:8400"),
            (b"authorization", b"Basic " + basic),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(form)).encode()),
        ],
    }
    await application(scope, receive, send)
    assert status == [200], status


def _table(told: dict[str, float]) -> str:
    return "\n".join(f"{name.replace('_', ' '):28}{value:>10}" for name, value in told.items())
