"""An issuer at work, on each database."""

import json
from collections.abc import AsyncIterator

import pytest
from tests.issuer.issuing import Listener, World, client_of, make_issuer, make_ring_keys, populate, store_ring

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.keys.generation import SEALED_FOR, NewKey
from watchword.issuer.keys.slots import Slot
from watchword.jose.jwk import Key
from watchword.store.engine import Store
from watchword.store.sealing import MasterKey


@pytest.fixture(scope="session")
def ring_keys(master_key: MasterKey) -> dict[tuple[Slot, str], NewKey]:
    """Keys for every place of the ring, made once."""
    return make_ring_keys(master_key)


@pytest.fixture(scope="session")
def opened_keys(master_key: MasterKey, ring_keys: dict[tuple[Slot, str], NewKey]) -> dict[str, Key]:
    """The active ones of them, opened once: proving that an RSA key is consistent takes thirty milliseconds."""
    opened = {}
    for (_, state), key in ring_keys.items():
        if state == "active":
            opened[key.kid] = Key.from_dict(json.loads(master_key.open(key.sealed_private_jwk, purpose=SEALED_FOR)))
    return opened


@pytest.fixture
async def world(
    store: Store,
    clock: SettableClock,
    master_key: MasterKey,
    ring_keys: dict[tuple[Slot, str], NewKey],
    opened_keys: dict[str, Key],
) -> AsyncIterator[World]:
    """An issuer that has signed before, one user who is signed in, and an HTTP client."""
    listener = Listener()
    issuer = make_issuer(store, clock, master_key, listener)
    await store_ring(store, ring_keys, clock.now())
    await issuer.keys.refresh()
    issuer.keys._opened.update(opened_keys)
    user, session = await populate(issuer, clock)
    async with client_of(create_app(issuer)) as http:
        yield World(issuer, clock, http, listener, user, session)
    issuer.passwords.close()
