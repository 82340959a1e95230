"""The set-up link: once, and for fifteen minutes (O57)."""

import asyncio
from functools import partial

import pytest

from watchword.store.engine import Store
from watchword.store.repositories import setup_links

pytestmark = pytest.mark.anyio


async def test_of_twenty_uses_at_once_one_goes_on(store: Store) -> None:
    await store.write(partial(setup_links.create, token_hash="h", now=100.0))
    assert await store.read(partial(setup_links.is_open, token_hash="h", now=101.0))
    use = partial(setup_links.use, token_hash="h", now=101.0)
    used = await asyncio.gather(*(store.write(use) for _ in range(20)))
    assert used.count(True) == 1
    assert not await store.read(partial(setup_links.is_open, token_hash="h", now=101.0))


async def test_it_ends_and_a_new_one_ends_the_old(store: Store) -> None:
    ends = await store.write(partial(setup_links.create, token_hash="old", now=100.0))
    assert ends == 1000.0
    assert await store.read(partial(setup_links.is_open, token_hash="old", now=999.9))
    assert not await store.read(partial(setup_links.is_open, token_hash="old", now=1000.0))
    assert not await store.write(partial(setup_links.use, token_hash="old", now=1000.0))
    await store.write(partial(setup_links.create, token_hash="new", now=200.0))
    assert not await store.write(partial(setup_links.use, token_hash="old", now=201.0))
    assert not await store.write(partial(setup_links.use, token_hash="unknown", now=201.0))
    assert await store.write(partial(setup_links.use, token_hash="new", now=201.0))
