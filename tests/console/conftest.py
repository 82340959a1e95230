"""The issuer with its console, whole, in this process: real store, real sessions, real forms."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Connection
from tests.console.running import ORIGIN, Console
from tests.issuer.issuing import make_ring_keys, store_ring

from watchword.admin import console_client
from watchword.admin.console_client import ConsoleClient
from watchword.admin.desk import AdminDesk
from watchword.authn.factors.password import PasswordHasher
from watchword.authn.factors.password_hash import Cost
from watchword.clock import SettableClock
from watchword.console.paths import CALLBACK
from watchword.console.routes import ROUTES
from watchword.console.settings import Setting, tell_settings
from watchword.issuer.app import create_app
from watchword.issuer.context import Issuer
from watchword.issuer.keys.generation import NewKey
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.slots import Slot
from watchword.issuer.keys.step_time import time_of
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.streams import Streams
from watchword.issuer.settings import IssuerSettings
from watchword.store.engine import Store, open_store
from watchword.store.repositories.installation import SECRET_PURPOSES, server_secret
from watchword.store.sealing import MasterKey

SETTINGS = (
    Setting(
        key="server.issuer",
        variable="WATCHWORD_SERVER_ISSUER",
        value=ORIGIN,
        default="must be given",
        source="watchword.toml",
        meaning="the issuer's name in every token and its address for browsers",
    ),
)


@pytest.fixture
def origin() -> str:
    """The issuer's; a test that serves on a port of its own says which."""
    return ORIGIN


@pytest.fixture
def demo_url() -> str | None:
    """Where the demonstration would be; nothing answers there, and without it there is no first screen."""
    return None


@pytest.fixture(scope="session")
def ring_keys(master_key: MasterKey) -> dict[tuple[Slot, str], NewKey]:
    """Keys for every place of the ring, made once."""
    return make_ring_keys(master_key)


@pytest.fixture
async def console_store(
    tmp_path: Path,
    sqlite_template: Path,
    ring_keys: dict[tuple[Slot, str], NewKey],
    clock: SettableClock,
) -> AsyncIterator[Store]:
    """An installation that has the keys it signs with."""
    path = tmp_path / "console.sqlite"
    shutil.copyfile(sqlite_template, path)
    store = open_store(f"sqlite:///{path}")
    await store_ring(store, ring_keys, clock.now())
    yield store
    await store.close()


@pytest.fixture
async def console(
    console_store: Store, master_key: MasterKey, clock: SettableClock, origin: str, demo_url: str | None
) -> AsyncIterator[Console]:
    store = console_store
    settings = IssuerSettings(issuer=origin, local=True, demo_url=demo_url)

    def read_secrets(connection: Connection) -> dict[str, bytes]:
        return {purpose: server_secret(connection, master_key, purpose) for purpose in SECRET_PURPOSES}

    secrets = await store.read(read_secrets)
    passwords = PasswordHasher(cost=Cost(memory=64, passes=1, lanes=1))
    keys = KeyRing(store=store, master_key=master_key, settings=settings, clock=clock, step_time=time_of(clock))
    desk = AdminDesk(
        store=store,
        clock=clock,
        passwords=passwords,
        keys=keys,
        settings=settings,
        console_client_id=ConsoleClient.of(secrets["console"]).client_id,
    )
    feed = Feed(store=store, keys=keys, settings=settings, clock=clock)
    issuer = Issuer(
        settings=settings,
        store=store,
        clock=clock,
        keys=keys,
        feed=feed,
        streams=Streams(feed=feed, store=store, settings=settings),
        secrets=secrets,
        passwords=passwords,
    )
    await console_client.ensure(desk, ConsoleClient.of(secrets["console"]), redirect_uri=settings.url(CALLBACK))
    application = create_app(issuer, routes=ROUTES)
    application.state.desk = desk
    tell_settings(application, SETTINGS)
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url=origin) as browser:
        yield Console(application, desk, browser, store)
    passwords.close()
