"""I2 and I7: what was acknowledged survives a kill, what was not is there wholly or not at all."""

import asyncio
import random

import pytest
from sqlalchemy import Connection, func, insert, select, text
from tests.faults.crash import CrashRunner, WorkerFailedError, run_until_killed
from tests.faults.history import History, no_lost_write
from tests.faults.postgres import PostgresServer
from tests.store.durability_worker import add

from watchword.store.engine import Store, open_store
from watchword.store.tables import leases, metadata, setup_links

pytestmark = pytest.mark.anyio

WORKER = "tests.store.durability_worker"
ROUNDS = 50


def start_counting(connection: Connection) -> None:
    connection.execute(insert(leases).values(name="rows", holder="nobody", fence=0, expires_at=0))


def names(connection: Connection) -> set[str]:
    found = set(connection.execute(select(setup_links.c.token_hash)).scalars())
    assert connection.execute(select(leases.c.fence)).scalar_one() == len(found), "half of a transaction was kept"
    return found


@pytest.mark.slow
@pytest.mark.parametrize("place", ["store.before_commit", "store.after_commit"])
async def test_killed_at_the_commit_again_and_again(store: Store, store_url: str, place: str) -> None:
    await store.write(start_counting)
    history = History()
    async with CrashRunner(WORKER, {"url": store_url}) as runner:
        for number in range(ROUNDS):
            await runner.start()
            with history.attempt("add", f"kept {number}") as operation:
                assert await runner.call(name=operation.subject) is not None
                operation.ok()
            await runner.start(f"{place}=kill")
            with history.attempt("add", f"cut {number}") as operation:
                assert await runner.call(name=operation.subject) is None
    found = await store.read(names)
    assert no_lost_write(history, ["add"], lambda operation: operation.subject in found) == []
    cut = {name for name in found if name.startswith("cut")}
    assert len(cut) == (0 if place == "store.before_commit" else ROUNDS)


@pytest.mark.exhaustive
async def test_killed_anywhere_among_many_jobs(store: Store, store_url: str) -> None:
    """From outside, at any moment: twenty jobs in flight, the process gone under them."""
    await store.write(start_counting)
    history = History()
    dice = random.Random(7)
    async with CrashRunner(WORKER, {"url": store_url}) as runner:
        for number in range(10):
            await runner.start(f"store.after_commit=kill%{dice.randrange(10, 60)}")
            subjects = [f"{number}/{job}" for job in range(20)]
            answers = await runner.call_all([{"name": subject} for subject in subjects])
            for subject, answer in zip(subjects, answers, strict=True):
                with history.attempt("add", subject) as operation:
                    if answer is not None:
                        operation.ok()
    found = await store.read(names)
    assert len(history.operations) == 200
    assert no_lost_write(history, ["add"], lambda operation: operation.subject in found) == []


@pytest.mark.exhaustive
async def test_the_runner_takes_no_other_death_for_a_kill(store: Store, store_url: str) -> None:
    await store.write(start_counting)
    async with CrashRunner(WORKER, {"url": store_url}) as runner:
        await runner.start("store.before_commit=raise")
        with pytest.raises(WorkerFailedError, match="FailpointError"):
            await runner.call(name="x")
        await runner.kill()
        await runner.start()
        assert await runner.call(name="x") == {"count": 1}
    run_until_killed(["-c", "from watchword.failpoints import failpoint; failpoint('here')"], "here=kill")
    with pytest.raises(WorkerFailedError, match="ended with 0"):
        run_until_killed(["-c", "pass"], "here=kill")


@pytest.mark.postgres
async def test_the_server_of_the_database_is_killed(durable_postgres: PostgresServer) -> None:
    """R16: acknowledged writes are there after a crash of PostgreSQL, and the store recovers by itself."""
    store = open_store(durable_postgres.url())
    await store.write(metadata.create_all)
    await store.write(start_counting)
    history = History()
    for number in range(3):
        for job in range(20):
            with history.attempt("add", f"{number}/{job}") as operation:
                await store.write(lambda connection, name=operation.subject: add(connection, name))  # type: ignore[misc]
                operation.ok()
        await asyncio.to_thread(durable_postgres.kill)
        await asyncio.to_thread(durable_postgres.start)
    found = await store.read(names)
    assert len(found) == 60
    assert no_lost_write(history, ["add"], lambda operation: operation.subject in found) == []
    assert await store.read(lambda connection: connection.execute(select(func.count(leases.c.name))).scalar_one()) == 1
    assert await store.read(lambda connection: connection.execute(text("SHOW fsync")).scalar_one()) == "on"
    await store.close()
