"""Requests that wait for their user (O14)."""

import asyncio
from functools import partial

import pytest

from watchword.store.engine import Store
from watchword.store.repositories import authorization_requests
from watchword.store.repositories.authorization_requests import PendingRequest

pytestmark = pytest.mark.anyio

PENDING = PendingRequest(
    id_hash="id",
    browser_hash="browser",
    parameters={"kind": "authorization", "parameters": {"scope": ["openid"]}},
    client_id="client",
    authenticated_after=90.0,
    consented=False,
    created_at=100.0,
    expires_at=200.0,
)


async def test_a_request_belongs_to_its_browser_and_ends(store: Store) -> None:
    await store.write(partial(authorization_requests.create, pending=PENDING))
    find = partial(authorization_requests.find_open, id_hash="id")
    assert await store.read(partial(find, browser_hash="browser", now=199.9)) == PENDING
    assert await store.read(partial(find, browser_hash="browser", now=200.0)) is None
    assert await store.read(partial(find, browser_hash="other", now=150.0)) is None
    assert await store.read(partial(find, browser_hash=None, now=150.0)) is None


async def test_a_request_without_a_browser_is_another_thing(store: Store) -> None:
    from dataclasses import replace

    parked = replace(PENDING, browser_hash=None)
    await store.write(partial(authorization_requests.create, pending=parked))
    find = partial(authorization_requests.find_open, id_hash="id", now=150.0)
    assert await store.read(partial(find, browser_hash=None)) == parked
    assert await store.read(partial(find, browser_hash="browser")) is None


async def test_it_is_answered_once(store: Store) -> None:
    await store.write(partial(authorization_requests.create, pending=PENDING))
    complete = partial(authorization_requests.complete, id_hash="id", now=150.0)
    done = await asyncio.gather(*(store.write(complete) for _ in range(10)))
    assert done.count(True) == 1
    find = partial(authorization_requests.find_open, id_hash="id", browser_hash="browser", now=150.0)
    assert await store.read(find) is None


async def test_old_ones_are_forgotten(store: Store) -> None:
    await store.write(partial(authorization_requests.create, pending=PENDING))
    await store.write(partial(authorization_requests.forget_expired, now=200.0))
    find = partial(authorization_requests.find_open, id_hash="id", browser_hash="browser", now=150.0)
    assert await store.read(find) is not None
    await store.write(partial(authorization_requests.forget_expired, now=200.1))
    assert await store.read(find) is None
    assert not await store.write(partial(authorization_requests.complete, id_hash="id", now=150.0))
