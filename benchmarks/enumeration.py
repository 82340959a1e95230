"""Can an outsider tell by the clock whether a user exists? Sign-ins that fail, for a user there is and for one there
is not, interleaved, over the login page of an issuer in this process (THREATS G12, O50).

The issuer's clock is moved between attempts, so that no counter of failures ever answers in place of a password. Told
are the medians, their difference, and the p of a two-sided Mann-Whitney test: a small p together with a difference
that matters means that the two can be told apart. Of a hundred honest runs one shows p < 0.01.
"""

import argparse
import asyncio
import json
import math
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2

from watchword.admin import installation, users
from watchword.admin.users import UserRequest
from watchword.clock import SettableClock
from watchword.config import Settings, load
from watchword.store.engine import open_store
from watchword.store.schema import migrate
from watchword.store.sealing import MasterKey
from watchword.wiring import create_application, open_issuer

ISSUER = "http://localhost:8400"
THERE, ABSENT = "ada@example.com", "eve@example.com"


def run(options: argparse.Namespace) -> int:
    """Measure ``options.runs`` x 100 attempts of each kind."""
    told = asyncio.run(_measure(options.runs * 100))
    print(json.dumps(told, indent=2) if options.json else _table(told))
    return 0


async def _measure(attempts: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="watchword-benchmark-") as directory:
        settings = await install(Path(directory))
        clock = SettableClock(time.time())
        opened = await open_issuer(settings, clock=clock)
        application = create_application(opened, ())
        async with (
            application.router.lifespan_context(application),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application), base_url=ISSUER) as browser,
        ):
            await users.add_user(opened.desk, UserRequest(email=THERE, password="a password that nobody tries"))
            page = await browser.get("/login")
            form = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page.text))
            seconds: dict[str, list[float]] = {THERE: [], ABSENT: []}
            for _ in range(attempts):
                for who in random.sample([THERE, ABSENT], 2):
                    clock.advance(86_400)
                    began = time.perf_counter()
                    answer = await browser.post("/login", data={**form, "username": who, "password": "a wrong guess"})
                    seconds[who].append(time.perf_counter() - began)
                    assert answer.status_code == 400, answer.status_code
    there, absent = (statistics.median(seconds[who]) * 1000 for who in (THERE, ABSENT))
    return {
        "attempts_each": attempts,
        "load": round(os.getloadavg()[0], 2),
        "median_ms_user_there": round(there, 3),
        "median_ms_user_absent": round(absent, 3),
        "difference_ms": round(there - absent, 3),
        "mann_whitney_p": round(_mann_whitney(seconds[THERE], seconds[ABSENT]), 4),
    }


def _mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Two-sided p by the normal approximation, which is close from twenty samples on; times do not tie."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    rank_sum = sum(rank for rank, (_, which) in enumerate(ranked, start=1) if which == 0)
    first, second = len(one), len(other)
    statistic = rank_sum - first * (first + 1) / 2
    mean, deviation = first * second / 2, math.sqrt(first * second * (first + second + 1) / 12)
    return math.erfc(abs(statistic - mean) / deviation / math.sqrt(2))


async def install(directory: Path) -> Settings:
    url, key_file = f"sqlite:///{directory / 'watchword.sqlite'}", directory / "master.key"
    key = MasterKey.generate_file(key_file)
    await asyncio.to_thread(migrate, url)
    store = open_store(url)
    await installation.ensure(store, issuer=ISSUER, master_key=key, now=time.time())
    await store.close()
    given = {"server.issuer": ISSUER, "database.url": url, "keys.master_key_file": str(key_file)}
    environment = {f"WATCHWORD_{name.replace('.', '_').upper()}": value for name, value in given.items()}
    return load(None, environment=environment).settings


def _table(told: dict[str, float]) -> str:
    return "\n".join(f"{name.replace('_', ' '):24}{value:>12}" for name, value in told.items())
