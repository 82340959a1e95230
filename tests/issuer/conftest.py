"""An issuer at work, on each database."""

from collections.abc import AsyncIterator

import pytest
from tests.issuer.issuing import Listener, World, client_of, make_issuer, make_ring_keys, populate, store_ring

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.keys.rotation import NewKey, Slot
from watchword.store.engine import Store
from watchword.store.sealing import MasterKey


@pytest.fixture(scope="session")
def ring_keys(master_key: MasterKey) -> dict[tuple[Slot, str], NewKey]:
    """Keys for every place of the ring, made once."""
    return make_ring_keys(master_key)


@pytest.fixture
async def world(
    store: Store, clock: SettableClock, master_key: MasterKey, ring_keys: dict[tuple[Slot, str], NewKey]
) -> AsyncIterator[World]:
    """An issuer with its keys started, one user who is signed in, and an HTTP client."""
    listener = Listener()
    issuer = make_issuer(store, clock, master_key, listener)
    await store_ring(store, ring_keys, clock.now())
    await issuer.keys.refresh()
    user, session = await populate(issuer, clock)
    async with client_of(create_app(issuer)) as http:
        yield World(issuer, clock, http, listener, user, session)
    issuer.passwords.close()
