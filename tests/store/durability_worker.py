"""A worker for `test_durability`: each job makes one row and counts it, in one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, insert, update
from tests.faults.crash import Handler

from watchword.store.engine import open_store
from watchword.store.tables import leases, setup_links


def add(connection: Connection, name: str) -> int:
    """A row called ``name``, and one more in the count of rows."""
    connection.execute(insert(setup_links).values(token_hash=name, created_at=0, expires_at=1))
    statement = update(leases).values(fence=leases.c.fence + 1).returning(leases.c.fence)
    return int(connection.execute(statement).scalar_one())


@asynccontextmanager
async def worker(setup: dict[str, Any]) -> AsyncIterator[Handler]:
    store = open_store(setup["url"])

    async def handle(job: dict[str, Any]) -> dict[str, Any]:
        return {"count": await store.write(lambda connection: add(connection, job["name"]))}

    yield handle
    await store.close()
