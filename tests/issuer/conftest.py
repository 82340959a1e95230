"""An issuer at work, on each database."""

from collections.abc import AsyncIterator

import pytest
from tests.issuer.issuing import Listener, World, client_of, make_issuer, populate

from watchword.clock import SettableClock
from watchword.store.engine import Store
from watchword.store.sealing import MasterKey


@pytest.fixture
async def world(store: Store, clock: SettableClock, master_key: MasterKey) -> AsyncIterator[World]:
    """An issuer with its keys started, one user who is signed in, and an HTTP client."""
    from watchword.issuer.app import create_app

    listener = Listener()
    issuer = make_issuer(store, clock, master_key, listener)
    await issuer.keys.start()
    user, session = await populate(issuer, clock)
    async with client_of(create_app(issuer)) as http:
        yield World(issuer, clock, http, listener, user, session)
    issuer.passwords.close()
