"""Verifying a token against looking a session up: what a service saves that asks no store at every request.

The store answers on loopback and, where there are two cores, has one of its own: a store across a network is slower by
the network. One session of ten thousand is read by its primary key, over connections that stay open; what is found is
decoded and its expiry checked, as a service would.
"""

import asyncio
import gc
import importlib
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any

from benchmarks.verify import issuer_here, machine, ours, progress, stores
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.issuer_here import IssuerHere
from benchmarks.verify.material import WITHDRAWABLE, Material, claims, make
from benchmarks.verify.scale import Scale

IN_FLIGHT = 16
HIT, FULL = "JWT, ES256, seen before", "JWT, ES256, not seen before"
REDIS, PSYCOPG, ASYNCPG = "Redis, redis-py", "PostgreSQL, psycopg", "PostgreSQL, asyncpg"
_MANY = f", {IN_FLIGHT} in flight"
_BY_ID = "SELECT sub, client_id, scope, roles, expires_at FROM sessions WHERE id = "


class Way:
    """One way of knowing who calls, and what was seen of it: seconds of each call, and the rates of the rounds."""

    def __init__(self, name: str, run: Callable[[float], list[float]]) -> None:
        self.name = name
        self._run = run
        self.seconds: list[float] = []
        self.rates: list[float] = []
        self.cpu: list[float] = []

    def round(self, seconds: float, *, counts: bool) -> None:
        """Go on for so many seconds."""
        gc.collect()
        cpu, began = time.process_time(), time.perf_counter()
        taken = self._run(seconds)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
        if counts:
            self.seconds += taken
            self.rates.append(len(taken) / elapsed)
            self.cpu.append(cpu / len(taken) * 1e6)

    def row(self) -> Row:
        """Rate, p50, p99 and this process's own CPU, in microseconds."""
        ordered = sorted(self.seconds)
        at = (ordered[int(len(ordered) * share)] * 1e6 for share in (0.50, 0.99))
        return Row(self.name, (statistics.median(self.rates), *at, statistics.median(self.cpu)))

    @property
    def rate(self) -> float:
        """Calls per second."""
        return statistics.median(self.rates)


def measure_all(scale: Scale) -> Findings:
    """One table."""
    findings = Findings()
    progress.say("verification against sessions in Redis and in PostgreSQL")
    material = make("ES256", also=WITHDRAWABLE)
    with ExitStack() as stack:
        stack.enter_context(IssuerHere(material).answering())
        ways = list(_tokens(material))
        for add in (_redis, _postgres):
            try:
                ways += add(stack)
            except (ImportError, OSError, RuntimeError) as missing:
                findings.skip([f"sessions: {missing}"])
        for number in range(1 + max(1, scale.rounds // 3)):
            for way in ways:
                way.round(scale.round_seconds * 5, counts=number > 0)
        notes = (
            f"{stores.SESSIONS:,} sessions, read by primary key over loopback from a store on {machine.another_core()}",
            f"wall time; one call after the other, or {IN_FLIGHT} in flight on one event loop",
            "seen before: a new str each time, journal polled, keys as the issuer publishes them",
        )
        columns = ("per second", "p50 µs", "p99 µs", "CPU µs")
        findings.tables.append(Table("who is calling?", columns, tuple(way.row() for way in ways), notes))
        rates = {way.name: way.rate for way in ways}
    for store in (REDIS, REDIS + _MANY, PSYCOPG, ASYNCPG, ASYNCPG + _MANY):
        if store in rates:
            findings.aims.append(Aim(f"JWT not seen before ÷ {store}, per second", rates[FULL] / rates[store]))
    for store in (REDIS, PSYCOPG):
        if store in rates:
            findings.aims.append(Aim(f"JWT seen before ÷ {store}, per second", rates[HIT] / rates[store]))
    return findings


def _tokens(material: Material) -> Iterator[Way]:
    octets = material.token.encode()
    cached, uncached = issuer_here.verifier(revocation="poll").verify, ours.verifier(material, cache=False).verify
    yield Way(HIT, _one_by_one(lambda: cached(octets.decode("ascii"))))
    yield Way(FULL, _one_by_one(lambda: uncached(octets.decode("ascii"))))


def _redis(stack: ExitStack) -> list[Way]:
    redis, names = importlib.import_module("redis"), itertools.cycle(stores.session_ids())
    loop = _loop(stack)
    with machine.elsewhere():
        port = stack.enter_context(stores.redis_server())
    stores.fill_redis(port, claims())
    client = redis.Redis(port=port)
    stack.callback(client.close)
    several = importlib.import_module("redis.asyncio").Redis(port=port, max_connections=IN_FLIGHT)
    stack.callback(lambda: loop.run_until_complete(several.aclose()))

    def look_up() -> None:
        _check(json.loads(client.get(f"session:{next(names)}"))["exp"])

    async def look_up_too() -> None:
        _check(json.loads(await several.get(f"session:{next(names)}"))["exp"])

    return [Way(REDIS, _one_by_one(look_up)), Way(REDIS + _MANY, _in_flight(loop, look_up_too))]


def _postgres(stack: ExitStack) -> list[Way]:
    names, loop = itertools.cycle(stores.session_ids()), _loop(stack)
    psycopg, asyncpg = importlib.import_module("psycopg"), importlib.import_module("asyncpg")
    with machine.elsewhere():
        url = stack.enter_context(stores.postgres_server())
    stores.fill_postgres(url, claims())
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    single = loop.run_until_complete(asyncpg.connect(url))
    stack.callback(lambda: loop.run_until_complete(single.close()))

    async def make_pool() -> Any:
        return await asyncpg.create_pool(url, min_size=IN_FLIGHT, max_size=IN_FLIGHT)

    pool = loop.run_until_complete(make_pool())
    stack.callback(lambda: loop.run_until_complete(pool.close()))

    def with_psycopg() -> None:
        _check(connection.execute(_BY_ID + "%s", (next(names),)).fetchone()[4])

    async def with_asyncpg() -> None:
        _check((await single.fetchrow(_BY_ID + "$1", next(names)))["expires_at"])

    async def from_pool() -> None:
        _check((await pool.fetchrow(_BY_ID + "$1", next(names)))["expires_at"])

    return [
        Way(PSYCOPG, _one_by_one(with_psycopg)),
        Way(ASYNCPG, _in_flight(loop, with_asyncpg, many=1)),
        Way(ASYNCPG + _MANY, _in_flight(loop, from_pool)),
    ]


def _check(expires_at: Any) -> None:
    if expires_at <= time.time():
        raise RuntimeError("the session has expired")


def _loop(stack: ExitStack) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    return loop


def _one_by_one(once: Callable[[], object]) -> Callable[[float], list[float]]:
    def run(seconds: float) -> list[float]:
        clock, taken = time.perf_counter, []
        end = clock() + seconds
        while (before := clock()) < end:
            once()
            taken.append(clock() - before)
        return taken

    return run


def _in_flight(
    loop: asyncio.AbstractEventLoop, once: Callable[[], Awaitable[object]], *, many: int = IN_FLIGHT
) -> Callable[[float], list[float]]:
    async def one_lane(end: float, taken: list[float]) -> None:
        clock = time.perf_counter
        while (before := clock()) < end:
            await once()
            taken.append(clock() - before)

    async def every_lane(seconds: float) -> list[float]:
        taken: list[float] = []
        end = time.perf_counter() + seconds
        await asyncio.gather(*(one_lane(end, taken) for _ in range(many)))
        return taken

    return lambda seconds: loop.run_until_complete(every_lane(seconds))
