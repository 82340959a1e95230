"""Readiness: what fails is named, who asks is answered in time and does not load the database (R17, R37)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text
from tests.conftest import MASTER_KEY, prepare
from tests.faults.postgres import PostgresServer
from tests.issuer.issuing import Listener, World, make_issuer

from watchword.clock import SettableClock
from watchword.issuer.context import Issuer
from watchword.issuer.health import KEPT
from watchword.store.engine import Store, open_store

pytestmark = pytest.mark.anyio

T = TypeVar("T")


class Counting(Store):
    """A store that counts what it is asked, and may be told to take its time."""

    def __init__(self, store: Store) -> None:
        self.dialect = store.dialect
        self._store = store
        self.asked = 0

    async def write(self, job: Callable[[Connection], T]) -> T:
        self.asked += 1
        return await self._store.write(job)

    async def read(self, job: Callable[[Connection], T]) -> T:
        self.asked += 1
        return await self._store.read(job)

    async def now(self) -> float:
        return await self._store.now()

    async def close(self) -> None:
        await self._store.close()


async def failed(issuer: Issuer) -> list[str]:
    report = await issuer.health.report()
    return [name for name, state in report.checks.items() if state == "failed"]


async def test_a_crowd_of_probes_is_one_look_and_its_result_is_kept(store: Store, clock: SettableClock) -> None:
    counting = Counting(store)
    issuer = make_issuer(counting, clock, MASTER_KEY, Listener())
    await issuer.keys.start()
    counting.asked = 0
    await asyncio.gather(*(issuer.health.report() for _ in range(50)))
    once = counting.asked
    assert 0 < once < 10
    clock.advance(KEPT / 2)
    await issuer.health.report()
    assert counting.asked == once
    clock.advance(KEPT)
    await issuer.health.report()
    assert counting.asked > once
    issuer.passwords.close()


async def test_it_is_not_ready_from_the_moment_a_shutdown_begins(world: World) -> None:
    assert await failed(world.issuer) == []
    world.issuer.health.stop()
    assert await failed(world.issuer) == ["serving"]
    assert (await world.http.get("/readyz")).status_code == 503
    assert (await world.http.get("/healthz")).status_code == 200


async def test_r37_a_key_that_cannot_be_opened_is_told_and_none_takes_its_place(world: World) -> None:
    def spoil(connection: Connection) -> None:
        connection.execute(
            text("UPDATE signing_keys SET sealed_private_jwk = :junk WHERE state = 'active'"), {"junk": b"junk" * 20}
        )

    await world.issuer.store.write(spoil)
    world.issuer.keys._opened.clear()
    await world.issuer.keys.refresh()
    before = await world.issuer.keys.public_jwks()
    assert await failed(world.issuer) == ["keys"]
    assert await world.issuer.keys.public_jwks() == before


async def test_a_schema_of_another_version_is_told(world: World) -> None:
    await world.issuer.store.write(
        lambda connection: connection.execute(text("UPDATE watchword_schema SET version_num = 'other'"))
    )
    assert await failed(world.issuer) == ["schema"]


async def test_a_clock_that_differs_is_told(world: World) -> None:
    """The clock of this test stands; the database's goes."""
    world.issuer.health.add("clock", world.issuer.health.compare_clocks)
    assert await failed(world.issuer) == ["clock"]


@pytest.fixture
async def on_its_own_server(durable_postgres: PostgresServer, clock: SettableClock) -> AsyncIterator[Issuer]:
    durable_postgres.execute("CREATE DATABASE health")
    url = durable_postgres.url("health")
    await asyncio.to_thread(prepare, url)
    issuer = make_issuer(open_store(url), clock, MASTER_KEY, Listener())
    await issuer.keys.start()
    yield issuer
    issuer.passwords.close()
    await issuer.store.close()


@pytest.mark.postgres
async def test_r17_a_database_that_hangs_is_told_within_the_bound(
    on_its_own_server: Issuer, durable_postgres: PostgresServer, clock: SettableClock
) -> None:
    issuer = on_its_own_server
    assert await failed(issuer) == []
    clock.advance(KEPT)
    durable_postgres.freeze()
    try:
        assert await failed(issuer) == ["database"]
        looking = issuer.health._looking
        assert await failed(issuer) == ["database"]
        assert looking is not None
        await asyncio.wait({looking})  # it comes to its own end
    finally:
        durable_postgres.thaw()
    clock.advance(KEPT)

    async def is_ready() -> bool:
        clock.advance(KEPT)
        return await failed(issuer) == []

    async with asyncio.timeout(60):
        while not await is_ready():  # noqa: ASYNC110  what is waited for is another process
            await asyncio.sleep(0.05)


@pytest.mark.postgres
async def test_a_database_that_takes_no_writes_is_told(
    on_its_own_server: Issuer, durable_postgres: PostgresServer, clock: SettableClock
) -> None:
    issuer = on_its_own_server
    durable_postgres.execute("ALTER DATABASE health SET default_transaction_read_only = on")
    await issuer.store.close()
    again = make_issuer(open_store(durable_postgres.url("health")), clock, MASTER_KEY, Listener())
    await again.keys.refresh()
    assert await failed(again) == ["writes"]
    again.passwords.close()
    await again.store.close()
