"""Prepared statements give what SQLAlchemy gives: the same cells, the same errors, in the same transaction."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from watchword.store.engine import Store
from watchword.store.postgres_engine import PostgresStore
from watchword.store.prepared import Prepared
from watchword.store.tables import leases, role_assignments

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = pytest.mark.anyio

LEASE = {"name": "counter", "holder": "canary", "fence": 0, "expires_at": 0}
ADD = Prepared(insert(leases))
FIND = Prepared(select(leases).where(leases.c.name == bindparam("wanted")))
END = Prepared(select(func.pg_terminate_backend(func.pg_backend_pid())))
BUMP = Prepared(
    update(leases)
    .where(leases.c.name == bindparam("wanted"))
    .values(fence=leases.c.fence + 1)
    .returning(leases.c.fence)
)


async def test_values_go_in_as_they_come_out(store: Store) -> None:
    def job(connection: Connection) -> tuple[Any, ...]:
        assert FIND.first(connection, {"wanted": "counter"}) is None
        assert ADD.all(connection, LEASE) == []
        assert [row.fence for row in BUMP.all(connection, {"wanted": "counter"})] == [1]
        return tuple(connection.execute(select(leases)).one())

    assert await store.write(job) == ("counter", "canary", 1, 0.0)
    row = await store.read_one(lambda connection: FIND.first(connection, {"wanted": "counter"}))
    assert (row.name, row.holder, row.fence, row.expires_at) == ("counter", "canary", 1, 0.0)


async def test_a_broken_constraint_is_sqlalchemys_error_without_its_values(store: Store) -> None:
    def twice(connection: Connection) -> None:
        ADD.all(connection, LEASE)
        ADD.all(connection, LEASE)

    with pytest.raises(IntegrityError) as caught:
        await store.write(twice)
    assert "canary" not in str(caught.value)
    assert await store.read(lambda connection: FIND.first(connection, {"wanted": "counter"})) is None


async def test_a_read_may_not_write(store: Store) -> None:
    with pytest.raises(DBAPIError):
        await store.read(lambda connection: ADD.all(connection, LEASE))


def test_a_list_of_values_is_refused_when_it_is_compiled() -> None:
    from sqlalchemy.dialects import sqlite

    from watchword.store.prepared import _compile

    held = select(role_assignments.c.role).where(role_assignments.c.subject_id.in_(("a", "b")))
    with pytest.raises(AssertionError, match="list of values"):
        _compile(held, sqlite.dialect())


@pytest.mark.postgres
async def test_a_lost_connection_is_replaced_for_a_reader(
    postgres_server: "PostgresServer", postgres_database: str
) -> None:
    store = PostgresStore(postgres_server.url(postgres_database))
    await store.write(lambda connection: ADD.all(connection, LEASE))
    for read in (store.read, store.read_one):
        runs: list[int] = []

        def look(connection: Connection, runs: list[int] = runs) -> Any:
            runs.append(1)
            if len(runs) == 1:
                END.first(connection, {})
            return FIND.first(connection, {"wanted": "counter"})

        assert (await read(look)).fence == 0
        assert len(runs) == 2
    await store.close()


@pytest.mark.postgres
async def test_colliding_jobs_are_run_again(postgres_server: "PostgresServer", postgres_database: str) -> None:
    store = PostgresStore(postgres_server.url(postgres_database))
    await store.write(lambda connection: ADD.all(connection, LEASE))

    def bump(connection: Connection) -> int:
        seen = FIND.first(connection, {"wanted": "counter"}).fence
        (row,) = BUMP.all(connection, {"wanted": "counter"})
        assert row.fence == seen + 1
        return int(row.fence)

    assert sorted(await asyncio.gather(*(store.write(bump) for _ in range(30)))) == list(range(1, 31))
    await store.close()
