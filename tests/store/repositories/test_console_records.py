"""What the console keeps: sign-ins, and the states of its playground."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, insert
from tests.store.repositories.people import a_client, a_user

from watchword.store.engine import Store
from watchword.store.repositories import console_sessions, playground_runs
from watchword.store.repositories.playground_runs import SealedRun
from watchword.store.tables import grants

pytestmark = pytest.mark.anyio


async def a_grant(store: Store) -> str:
    """The id of a new grant."""
    values = {
        "id": "g-1", "user_id": await a_user(store), "client_id": await a_client(store), "offline": False, "scopes": [],
        "resources": [], "claims": {}, "amr": [], "epochs": [0, 0, 0], "created_at": 1.0, "expires_at": 2.0,
    }  # fmt: skip
    await store.write(lambda connection: connection.execute(insert(grants).values(values)))
    return "g-1"


async def test_a_sign_in_is_found_by_its_cookie_until_it_is_removed(store: Store) -> None:
    grant_id = await a_grant(store)
    begin = partial(console_sessions.create, grant_id=grant_id, now=10.0, expires_at=20.0)
    await store.write(lambda connection: begin(connection, "one"))
    await store.write(lambda connection: begin(connection, "two"))
    found = await store.read(lambda connection: console_sessions.find(connection, "one"))
    assert found == console_sessions.ConsoleSession(grant_id, 10.0, 20.0)
    await store.write(lambda connection: console_sessions.remove(connection, "one"))
    assert await store.read(lambda connection: console_sessions.find(connection, "one")) is None
    await store.write(partial(console_sessions.forget_expired, now=19.0))
    assert await store.read(lambda connection: console_sessions.find(connection, "two")) is not None
    await store.write(partial(console_sessions.forget_expired, now=20.0))
    assert await store.read(lambda connection: console_sessions.find(connection, "two")) is None


async def test_of_two_tabs_one_is_told_to_look_again(store: Store) -> None:
    user_id = await a_user(store)

    def save(state: bytes, version: int) -> partial[bool]:
        return partial(_save, user_id=user_id, state=state, version=version)

    first = await asyncio.gather(*(store.write(save(bytes([number]), 0)) for number in range(8)))
    assert first.count(True) == 1
    kept = await store.read(lambda connection: playground_runs.find(connection, user_id, "start"))
    assert kept == SealedRun(1, bytes([first.index(True)]))
    second = await asyncio.gather(*(store.write(save(bytes([10 + number]), 1)) for number in range(8)))
    assert second.count(True) == 1
    kept = await store.read(lambda connection: playground_runs.find(connection, user_id, "start"))
    assert kept == SealedRun(2, bytes([10 + second.index(True)]))
    assert not await store.write(save(b"late", 1))
    assert await store.read(lambda connection: playground_runs.find(connection, user_id, "other")) is None
    await store.write(lambda connection: playground_runs.forget(connection, user_id, "start"))
    assert await store.write(save(b"anew", 0))


def _save(connection: Connection, *, user_id: str, state: bytes, version: int) -> bool:
    return playground_runs.save(connection, user_id, "start", state, expected_version=version, now=1.0)
