"""What both databases promise alike: the behaviour suite of `Store`."""

import asyncio

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from watchword.store.engine import Store, open_store
from watchword.store.errors import StoreError, StoreUnavailableError
from watchword.store.tables import leases, setup_links, subjects

pytestmark = pytest.mark.anyio


def make_lease(connection: Connection) -> None:
    connection.execute(insert(leases).values(name="counter", holder="nobody", fence=0, expires_at=0))


def bump(connection: Connection) -> int:
    """Read, then write what was read plus one: right only if no other job comes between."""
    fence = connection.execute(select(leases.c.fence)).scalar_one()
    connection.execute(update(leases).values(fence=fence + 1))
    return int(fence) + 1


def fence(connection: Connection) -> int:
    return int(connection.execute(select(leases.c.fence)).scalar_one())


async def test_what_a_job_returns_is_returned_and_what_it_wrote_stays(store: Store) -> None:
    await store.write(make_lease)
    assert await store.write(bump) == 1
    assert await store.read(fence) == 1


async def test_a_job_that_raises_leaves_nothing_and_harms_no_neighbour(store: Store) -> None:
    await store.write(make_lease)

    def fail(connection: Connection) -> None:
        bump(connection)
        raise KeyError("mine")

    results = await asyncio.gather(
        store.write(bump), store.write(fail), store.write(bump), store.write(fail), return_exceptions=True
    )
    assert sorted(result for result in results if isinstance(result, int)) == [1, 2]
    assert [type(result) for result in results if isinstance(result, Exception)] == [KeyError, KeyError]
    assert await store.read(fence) == 2


async def test_a_broken_constraint_reaches_its_own_caller_only(store: Store) -> None:
    await store.write(make_lease)
    results = await asyncio.gather(
        store.write(make_lease), store.write(bump), store.write(make_lease), return_exceptions=True
    )
    assert isinstance(results[0], IntegrityError)
    assert results[1] == 1
    assert isinstance(results[2], IntegrityError)


async def test_the_text_of_an_error_holds_no_parameters(store: Store) -> None:
    """O80: errors end up in logs; what was to be stored may be personal data."""
    twice = insert(leases).values(name="counter", holder="canary", fence=0, expires_at=0)
    await store.write(lambda connection: connection.execute(twice).rowcount)
    with pytest.raises(IntegrityError) as caught:
        await store.write(lambda connection: connection.execute(twice).rowcount)
    assert "canary" not in str(caught.value)


async def test_foreign_keys_and_checks_are_enforced(store: Store) -> None:
    def orphan(connection: Connection) -> None:
        from watchword.store.tables import role_assignments

        connection.execute(insert(role_assignments).values(subject_id="nobody", role="admin", assigned_at=0))

    def strange(connection: Connection) -> None:
        connection.execute(insert(subjects).values(id="x", kind="dog", created_at=0))

    for job in (orphan, strange):
        with pytest.raises(IntegrityError):
            await store.write(job)


async def test_fifty_read_modify_write_jobs_lose_no_update(store: Store) -> None:
    await store.write(make_lease)
    results = await asyncio.gather(*(store.write(bump) for _ in range(50)))
    assert sorted(results) == list(range(1, 51))
    assert await store.read(fence) == 50


async def test_of_fifty_concurrent_claims_exactly_one_wins(store: Store) -> None:
    """O21, O25: one ``UPDATE … WHERE used_at IS NULL RETURNING`` has one winner."""
    await store.write(
        lambda connection: (
            connection.execute(insert(setup_links).values(token_hash="h", created_at=0, expires_at=1)).rowcount
        )
    )

    def claim(connection: Connection) -> bool:
        statement = (
            update(setup_links)
            .where(setup_links.c.token_hash == "h", setup_links.c.used_at.is_(None))
            .values(used_at=1)
            .returning(setup_links.c.token_hash)
        )
        return connection.execute(statement).first() is not None

    assert sum(await asyncio.gather(*(store.write(claim) for _ in range(50)))) == 1


async def test_claims_from_two_stores_have_one_winner(store: Store, store_url: str) -> None:
    """As two workers would."""
    other = open_store(store_url, shared=True)
    await store.write(make_lease)
    try:
        results = await asyncio.gather(*((store if n % 2 else other).write(bump) for n in range(40)))
    finally:
        await other.close()
    assert sorted(results) == list(range(1, 41))


async def test_reads_see_nothing_uncommitted(store: Store) -> None:
    """A reader that looks while a writing job is under way sees the state before it."""
    await store.write(make_lease)
    loop = asyncio.get_running_loop()
    written = asyncio.Event()
    seen: list[int] = []

    async def look() -> None:
        await written.wait()
        seen.append(await store.read(fence))

    looking = asyncio.create_task(look())

    def slow(connection: Connection) -> None:
        bump(connection)
        loop.call_soon_threadsafe(written.set)
        if store.dialect == "sqlite":  # the job has a thread of its own: wait there for the reader
            asyncio.run_coroutine_threadsafe(_finished(looking), loop).result(timeout=5)

    writing = asyncio.create_task(store.write(slow))
    await looking
    if store.dialect == "sqlite":
        assert seen == [0]
    await writing
    assert await store.read(fence) == 1


async def _finished(task: "asyncio.Task[None]") -> None:
    await asyncio.shield(task)


async def test_one_read_sees_one_moment(store: Store) -> None:
    """Two queries of one read agree, though a write is committed between them."""
    await store.write(make_lease)
    loop = asyncio.get_running_loop()

    def look_twice(connection: Connection) -> tuple[int, int]:
        before = fence(connection)
        if store.dialect == "sqlite":
            asyncio.run_coroutine_threadsafe(store.write(bump), loop).result(timeout=5)
        return before, fence(connection)

    assert await store.read(look_twice) == (0, 0)


async def test_a_read_cannot_write(store: Store) -> None:
    await store.write(make_lease)
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await store.read(bump)
    assert await store.read(fence) == 0


async def test_now_is_the_time_of_the_database(store: Store) -> None:
    from watchword.clock import SystemClock

    assert abs(await store.now() - SystemClock().now()) < 2


async def test_a_cancelled_caller_harms_nobody(store: Store) -> None:
    await store.write(make_lease)
    tasks = [asyncio.create_task(store.write(bump)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    answered = [result for result in results if isinstance(result, int)]
    assert len(answered) >= 5
    assert len(set(answered)) == len(answered)
    assert await store.read(fence) >= 5


async def test_what_was_committed_is_there_after_reopening(store_url: str) -> None:
    first = open_store(store_url)
    await first.write(make_lease)
    await first.write(bump)
    await first.close()
    second = open_store(store_url)
    assert await second.read(fence) == 1
    await second.close()


@pytest.mark.parametrize(
    "url", ["", "mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:", "::", "http://localhost"]
)
async def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert not isinstance(caught.value, StoreUnavailableError)
    assert "root" not in str(caught.value)
