"""What only PostgreSQL has to be asked: its network, its limits, its refusals."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from tests.faults.proxy import Blackhole, FaultProxy, Latency, Refuse, Reset

from watchword.store import postgres_engine
from watchword.store.engine import open_store
from watchword.store.errors import StoreError, StoreUnavailableError
from watchword.store.postgres_engine import PostgresStore
from watchword.store.tables import leases, metadata

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def make_lease(connection: Connection) -> None:
    connection.execute(insert(leases).values(name="counter", holder="nobody", fence=0, expires_at=0))


def bump(connection: Connection) -> int:
    statement = update(leases).values(fence=leases.c.fence + 1).returning(leases.c.fence)
    return int(connection.execute(statement).scalar_one())


def fence(connection: Connection) -> int:
    return int(connection.execute(select(leases.c.fence)).scalar_one())


@pytest.fixture
async def proxy(postgres_server: "PostgresServer") -> AsyncIterator[FaultProxy]:
    async with FaultProxy(postgres_server.port) as running:
        yield running


@pytest.fixture
async def store(
    postgres_server: "PostgresServer", postgres_database: str, proxy: FaultProxy
) -> AsyncIterator[PostgresStore]:
    """A store that reaches its database through the proxy."""
    opened = PostgresStore(postgres_server.url(postgres_database, port=proxy.port))
    await opened.write(make_lease)
    yield opened
    await proxy.heal()
    await opened.close()


async def test_a_connection_that_was_lost_while_idle_is_replaced_unseen(
    store: PostgresStore, proxy: FaultProxy
) -> None:
    """R16: dead connections are discarded from the pool, not handed to a request."""
    await asyncio.gather(*(store.read(fence) for _ in range(8)))
    proxy.cut()
    await asyncio.sleep(0.02)  # for the resets to arrive
    assert await store.write(bump) == 1
    assert await store.read(fence) == 1


async def test_a_read_that_loses_its_connection_is_asked_again(store: PostgresStore, proxy: FaultProxy) -> None:
    runs = []

    def look(connection: Connection) -> int:
        runs.append(1)
        if len(runs) == 1:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return fence(connection)

    assert await store.read(look) == 0
    assert len(runs) == 2


async def test_a_reader_does_not_notice_that_its_idle_connection_was_ended_just_now(
    postgres_server: "PostgresServer", postgres_database: str
) -> None:
    """The news is in the socket, and nothing has read it when the transaction begins."""
    store = PostgresStore(postgres_server.url(postgres_database))
    await store.write(make_lease)
    for access in (store.read, store.read_one):
        assert await access(fence) == 0
        # It blocks the event loop, which therefore hears of nothing before the next statement.
        postgres_server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{postgres_database}' AND application_name = 'watchword'"
        )
        assert await access(fence) == 0
    await store.close()


async def test_a_write_that_loses_its_connection_is_refused_and_not_repeated(store: PostgresStore) -> None:
    """R16: the caller decides; only it knows whether the request may be made twice."""
    runs = []

    def write(connection: Connection) -> None:
        runs.append(1)
        bump(connection)
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailableError):
        await store.write(write)
    assert len(runs) == 1
    assert await store.read(fence) == 0


async def test_a_reset_in_the_middle_is_unavailable_and_heals(store: PostgresStore, proxy: FaultProxy) -> None:
    """R70, R20: whatever moment the reset hits, the answer is a refusal and the count tells what was committed."""
    acknowledged = 0
    for after in range(0, 2000, 190):
        await proxy.inject(Reset(after=after))
        proxy.cut()
        try:
            await store.write(bump)
            acknowledged += 1
        except StoreUnavailableError:
            pass
    await proxy.heal()
    proxy.cut()
    await asyncio.sleep(0.02)
    assert await store.read(fence) >= acknowledged
    assert await store.write(bump) > acknowledged


async def test_a_database_that_is_down_is_unavailable_and_comes_back(store: PostgresStore, proxy: FaultProxy) -> None:
    await proxy.inject(Refuse())
    proxy.cut()
    await asyncio.sleep(0.02)
    for access in (store.read, store.write):
        with pytest.raises(StoreUnavailableError):
            await access(fence)
    await proxy.heal()
    assert await store.write(bump) == 1


async def test_a_database_that_hangs_is_unavailable_in_time(
    store: PostgresStore, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the wait is bounded on this side too."""
    monkeypatch.setattr(postgres_engine, "COMMAND_WAIT", 0.4)
    monkeypatch.setattr(postgres_engine, "CONNECT_WAIT", 0.4)
    proxy.cut()
    await asyncio.sleep(0.02)
    assert await store.read(fence) == 0  # a new connection, with the shorter patience
    await proxy.inject(Blackhole())
    for access in (store.write, store.read):
        with pytest.raises(StoreUnavailableError):
            await asyncio.wait_for(access(fence), 5)
    await proxy.heal()
    proxy.cut()
    await asyncio.sleep(0.02)
    assert await store.write(bump) == 1


async def test_a_slow_database_is_only_slow(store: PostgresStore, proxy: FaultProxy) -> None:
    """R23"""
    await proxy.inject(Latency(0.02))
    assert sorted(await asyncio.gather(*(store.write(bump) for _ in range(5)))) == [1, 2, 3, 4, 5]


async def test_a_statement_that_takes_too_long_is_ended(
    store: PostgresStore, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_engine, "STATEMENT_TIMEOUT", 300)
    proxy.cut()
    await asyncio.sleep(0.02)
    with pytest.raises(StoreUnavailableError):
        await store.write(lambda connection: connection.execute(text("SELECT pg_sleep(5)")) and None)
    assert await store.write(bump) == 1


async def test_when_every_connection_is_taken_the_wait_is_bounded(
    postgres_server: "PostgresServer", postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R18"""
    monkeypatch.setattr(postgres_engine, "POOL_SIZE", 1)
    monkeypatch.setattr(postgres_engine, "POOL_WAIT", 0.05)
    store = PostgresStore(postgres_server.url(postgres_database))
    begun = asyncio.Event()

    def sleep(connection: Connection) -> None:
        begun.set()
        connection.execute(text("SELECT pg_sleep(0.5)"))

    slow = asyncio.create_task(store.read(sleep))
    await begun.wait()
    with pytest.raises(StoreUnavailableError, match="too busy"):
        await store.read(lambda _: None)
    await slow
    await store.read(lambda _: None)
    await store.close()


async def test_a_collision_is_run_again_and_a_lasting_one_is_refused(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R19: 40001 and 40P01 repeat the whole job, a bounded number of times; other errors do not."""
    monkeypatch.setattr(postgres_engine, "BACKOFF", 0.0001)

    def colliding(times: int, code: str, runs: list[int]) -> Callable[[Connection], int]:
        def job(connection: Connection) -> int:
            runs.append(1)
            count = bump(connection)
            if len(runs) <= times:
                connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"))
            return count

        return job

    for code in ("40001", "40P01"):
        runs: list[int] = []
        before = await store.read(fence)
        assert await store.write(colliding(3, code, runs)) == before + 1
        assert len(runs) == 4
    runs = []
    with pytest.raises(StoreUnavailableError, match="too busy"):
        await store.write(colliding(1000, "40001", runs))
    assert len(runs) == postgres_engine.ATTEMPTS
    assert await store.read(fence) == 2


async def test_fifty_writers_of_one_row_all_get_through(store: PostgresStore) -> None:
    """Those that keep colliding go one by one instead of using up their attempts."""
    assert sorted(await asyncio.gather(*(store.write(bump) for _ in range(50)))) == list(range(1, 51))


async def test_a_job_that_reads_what_another_writes_is_put_in_order(store: PostgresStore) -> None:
    """Write skew: two jobs that each look at both rows and take one leave one, as if they had run in turn."""

    def take(mine: str) -> Callable[[Connection], bool]:
        def job(connection: Connection) -> bool:
            free = connection.execute(select(leases.c.name).where(leases.c.fence == 0)).scalars().all()
            if len(free) < 2:
                return False
            connection.execute(update(leases).where(leases.c.name == mine).values(fence=1))
            return True

        return job

    await store.write(lambda connection: connection.execute(text("UPDATE leases SET name = 'a'")).rowcount)
    other = insert(leases).values(name="b", holder="nobody", fence=0, expires_at=0)
    await store.write(lambda connection: connection.execute(other).rowcount)
    assert sum(await asyncio.gather(*(store.write(take(name)) for name in "ab" * 4))) == 1


async def test_a_mistake_in_a_statement_is_no_unavailability(store: PostgresStore) -> None:
    with pytest.raises(ProgrammingError):
        await store.write(lambda connection: connection.execute(text("SELECT nonsense")) and None)


async def test_a_standby_takes_no_writes(
    store: PostgresStore, postgres_server: "PostgresServer", postgres_database: str
) -> None:
    """R24: read-only is a state that passes, for writes."""
    postgres_server.execute(f"ALTER DATABASE {postgres_database} SET default_transaction_read_only = on")
    standby = PostgresStore(postgres_server.url(postgres_database))
    with pytest.raises(StoreUnavailableError, match="no writes"):
        await standby.write(bump)
    assert await standby.read(fence) == 0
    await standby.close()


async def test_a_missing_database_is_unavailable_and_its_password_unseen(
    postgres_server: "PostgresServer",
) -> None:
    url = postgres_server.url("no_such_database").replace("watchword@", "watchword:canary@")
    store = PostgresStore(url)
    with pytest.raises(StoreUnavailableError) as caught:
        await store.read(fence)
    assert "canary" not in f"{caught.value}{caught.value.detail}{store!r}"
    await store.close()


@pytest.mark.slow
async def test_a_frozen_server_hurts_for_a_bounded_time(durable_postgres: "PostgresServer") -> None:
    """R17, I9: SIGSTOP to every process of PostgreSQL; refusals meanwhile, and recovery without help."""
    store = PostgresStore(durable_postgres.url())
    await store.write(metadata.create_all)
    await store.write(make_lease)
    durable_postgres.freeze()
    for access in (store.write, store.read):
        with pytest.raises(StoreUnavailableError):
            await asyncio.wait_for(access(fence), 12)
    durable_postgres.thaw()
    assert await store.write(bump) == 1
    await store.close()


async def test_a_patient_store_cuts_no_statement_off(postgres_server: "PostgresServer", postgres_database: str) -> None:
    """What an operator acknowledges after a restore may touch every row there is."""
    shown = {}
    for patient in (False, True):
        store = open_store(postgres_server.url(postgres_database), patient=patient)
        try:
            shown[patient] = await store.read(
                lambda connection: connection.execute(text("SHOW statement_timeout")).scalar_one()
            )
        finally:
            await store.close()
    assert shown == {False: "2s", True: "0"}


@pytest.fixture
def limited(postgres_server: "PostgresServer", postgres_database: str) -> Iterator[str]:
    """A role that may hold two connections; and the URL of its database, with a password that nobody may see."""
    role = f"limited_{postgres_database}"
    postgres_server.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 2 PASSWORD 'canary'")
    yield postgres_server.url(postgres_database).replace("watchword@", f"{role}:canary@")
    postgres_server.execute(f"DROP ROLE {role}")


def ask(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


async def test_r26_others_hold_every_connection_there_is(limited: str) -> None:
    others = [await asyncpg.connect(limited) for _ in range(2)]
    store = PostgresStore(limited)
    for access in (store.read, store.write):
        with pytest.raises(StoreUnavailableError) as caught:
            await access(ask)
        assert "too many connections" in str(caught.value.detail)
        assert "canary" not in f"{caught.value}{caught.value.detail}"
    await others.pop().close()
    assert await store.read(ask) == await store.write(ask) == 1, "what was refused leaves nothing behind"
    await others.pop().close()
    await store.close()


async def test_r26_the_role_may_not_sign_in_any_more(
    postgres_server: "PostgresServer", postgres_database: str, limited: str
) -> None:
    role = f"limited_{postgres_database}"
    store = PostgresStore(limited)
    assert await store.read(ask) == 1
    postgres_server.execute(
        f"ALTER ROLE {role} NOLOGIN",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'",
    )
    for access in (store.read, store.write):
        with pytest.raises(StoreUnavailableError) as caught:
            await access(ask)
        assert "canary" not in f"{caught.value}{caught.value.detail}"
    postgres_server.execute(f"ALTER ROLE {role} LOGIN")
    assert await store.read(ask) == await store.write(ask) == 1
    await store.close()


async def test_a_job_that_keeps_an_error_to_itself_is_no_success(store: PostgresStore) -> None:
    """The database has given the transaction up and answers COMMIT with ROLLBACK: nobody may be told it was written."""

    def hiding(connection: Connection) -> int:
        count = bump(connection)
        with pytest.raises(ProgrammingError):
            connection.execute(text("SELECT nonsense"))
        return count

    with pytest.raises(StoreError, match="nothing was written"):
        await store.write(hiding)
    assert await store.read(fence) == 0


async def test_a_job_whose_caller_left_leaves_nothing_on_its_connection(
    postgres_server: "PostgresServer", postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one connection in all, whatever a cancelled job left on it would meet the next."""
    monkeypatch.setattr(postgres_engine, "POOL_SIZE", 1)
    store = PostgresStore(postgres_server.url(postgres_database))
    await store.write(make_lease)
    for access in (store.write, store.read, store.read_one):
        for moment in (0.0, 0.001, 0.003, 0.03):
            begun = asyncio.Event()

            def linger(connection: Connection, begun: asyncio.Event = begun, access: object = access) -> None:
                if access == store.write:
                    bump(connection)
                begun.set()
                connection.execute(text("SELECT pg_sleep(1)"))

            leaving = asyncio.create_task(access(linger))
            await begun.wait()
            await asyncio.sleep(moment)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            assert await store.read(fence) == 0
    waiting = [asyncio.create_task(store.write(bump)) for _ in range(6)]
    await asyncio.sleep(0)
    for task in waiting[1::2]:
        task.cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert sorted(one for one in done if isinstance(one, int)) == [1, 2, 3]
    assert await store.write(bump) == 4
    await store.close()
