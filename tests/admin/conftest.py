"""A desk on a fresh installation, once on each database."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from watchword.admin.desk import AdminDesk
from watchword.authn.factors.password import PasswordHasher
from watchword.clock import SettableClock
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.step_time import time_of
from watchword.issuer.settings import IssuerSettings
from watchword.store.engine import Store
from watchword.store.repositories import audit
from watchword.store.sealing import MasterKey

ISSUER = "http://localhost:8400"


@pytest.fixture
def desk(store: Store, master_key: MasterKey, clock: SettableClock) -> AdminDesk:
    settings = IssuerSettings(issuer=ISSUER, local=True)
    keys = KeyRing(store=store, master_key=master_key, settings=settings, clock=clock, step_time=time_of(clock))
    return AdminDesk(store=store, clock=clock, passwords=PasswordHasher(), keys=keys, settings=settings)


@pytest.fixture
def desk_with_cli(desk: AdminDesk) -> Callable[[str], AdminDesk]:
    """The same desk where that client is the command line's."""
    return lambda client_id: replace(desk, settings=replace(desk.settings, cli_client_id=client_id))


async def actions(desk: AdminDesk) -> list[str]:
    """What the audit rows say was done, oldest first."""
    entries = await desk.store.read(lambda connection: audit.latest(connection, limit=50))
    return [entry.action for entry in reversed(entries)]
