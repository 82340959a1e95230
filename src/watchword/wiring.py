"""The composition root: `Settings` become a store, keys, an issuer, a desk for operators, and an application."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from watchword.admin import console_client
from watchword.admin.console_client import ConsoleClient
from watchword.admin.desk import AdminDesk
from watchword.authn.factors.password import PasswordHasher
from watchword.clock import Clock, SystemClock
from watchword.config import Explained, Settings
from watchword.console.paths import CALLBACK
from watchword.console.routes import ROUTES
from watchword.console.settings import Setting, tell_settings
from watchword.issuer.app import create_app
from watchword.issuer.context import Issuer
from watchword.issuer.housekeeping import keep_tidy
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.step_time import database_time, time_of
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.streams import Streams
from watchword.issuer.settings import IssuerSettings
from watchword.store.engine import Store, open_store
from watchword.store.errors import MasterKeyError
from watchword.store.repositories.installation import SECRET_PURPOSES, check_master_key, server_secret
from watchword.store.schema import check_current
from watchword.store.sealing import MasterKey


@dataclass(frozen=True, slots=True)
class Opened:
    """An issuer at work, the desk beside it, and what has to be closed."""

    issuer: Issuer
    desk: AdminDesk
    store: Store

    async def close(self) -> None:
        """Let go of threads and of the database."""
        await asyncio.to_thread(self.issuer.passwords.close)
        await self.store.close()


def issuer_settings(settings: Settings) -> IssuerSettings:
    """The issuer's part of the settings."""
    tokens, sessions, keys, revocation = settings.tokens, settings.sessions, settings.keys, settings.revocation
    return IssuerSettings(
        issuer=settings.server.issuer,
        hosts=settings.hosts,
        local=settings.is_local,
        access_token_lifetime=tokens.access_token_lifetime,
        id_token_lifetime=tokens.id_token_lifetime,
        code_lifetime=tokens.code_lifetime,
        refresh_lifetime=tokens.refresh_lifetime,
        refresh_idle=tokens.refresh_idle,
        refresh_grace=tokens.refresh_grace,
        session_lifetime=sessions.lifetime,
        session_idle=sessions.idle,
        interaction_lifetime=sessions.interaction_lifetime,
        jwks_max_age=keys.jwks_max_age,
        key_refresh=keys.refresh,
        key_lifetime=keys.lifetime,
        signing_algorithms=keys.algorithms,
        access_token_algorithm=keys.access_token_algorithm,
        streams_per_credential=revocation.streams_per_credential,
        streams_per_address=revocation.streams_per_address,
        trusted_proxies=settings.server.trusted_proxies,
        cli_client_id=settings.local.cli_client_id,
        demo_url=settings.local.demo_url,
    )


def master_key(settings: Settings) -> MasterKey:
    """The master key that the settings name.

    Raises:
        MasterKeyError: none is named, it is missing, readable by others, or not a key.
    """
    if settings.keys.master_key is not None:
        return MasterKey.from_text(settings.keys.master_key)
    if settings.keys.master_key_file is None:
        raise MasterKeyError("no master key: set keys.master_key_file or WATCHWORD_KEYS_MASTER_KEY_FILE")
    return MasterKey.from_file(Path(settings.keys.master_key_file))


async def open_issuer(settings: Settings, *, clock: Clock | None = None) -> Opened:
    """Open an installation that is migrated and initialised; nothing is made but keys that are missing.

    Raises:
        SchemaBehindError: it must be migrated first.
        MasterKeyError: the master key is missing or another installation's.
        NotFoundError: there is no installation yet.
        StoreUnavailableError: the database does not answer.
    """
    key = master_key(settings)
    # An operator's command writes beside the running issuer.
    store = open_store(settings.database.url, shared=True)
    try:
        secrets = await store.read(lambda connection: _secrets(connection, key))
        return _join(settings, store, key, secrets, clock)
    except BaseException:
        await store.close()
        raise


def _secrets(connection: Any, key: MasterKey) -> dict[str, bytes]:
    check_current(connection)
    check_master_key(connection, key)
    return {purpose: server_secret(connection, key, purpose) for purpose in SECRET_PURPOSES}


def _join(settings: Settings, store: Store, key: MasterKey, secrets: dict[str, bytes], told: Clock | None) -> Opened:
    own, clock = issuer_settings(settings), told or SystemClock()
    step_time = database_time if told is None else time_of(told)
    ring = KeyRing(store=store, master_key=key, settings=own, clock=clock, step_time=step_time)
    feed = Feed(store=store, keys=ring, settings=own, clock=clock)
    streams = Streams(feed=feed, store=store, settings=own)
    passwords = PasswordHasher()
    issuer = Issuer(
        settings=own,
        store=store,
        clock=clock,
        keys=ring,
        feed=feed,
        streams=streams,
        secrets=secrets,
        passwords=passwords,
    )
    desk = AdminDesk(
        store=store,
        clock=clock,
        passwords=passwords,
        keys=ring,
        settings=own,
        console_client_id=ConsoleClient.of(secrets["console"]).client_id,
    )
    return Opened(issuer, desk, store)


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[AdminDesk]:
    """A desk for one command at the terminal.

    Raises:
        SchemaBehindError, MasterKeyError, NotFoundError, StoreUnavailableError: as for `open_issuer`.
    """
    opened = await open_issuer(settings)
    try:
        yield opened.desk
    finally:
        await opened.close()


def create_application(opened: Opened, explained: Iterable[Explained]) -> Starlette:
    """The issuer with its console; keys rotate and what has expired is removed while it runs.

    Args:
        opened: the issuer and what belongs to it.
        explained: how its settings came about, for the console to show.
    """

    @asynccontextmanager
    async def running(application: Starlette) -> AsyncIterator[dict[str, Any]]:
        del application
        await opened.issuer.keys.start()
        # Here, and not when somebody comes to sign in: a stranger's request makes no record.
        await console_client.ensure(
            opened.desk,
            ConsoleClient.of(opened.issuer.secrets["console"]),
            redirect_uri=opened.issuer.settings.url(CALLBACK),
        )
        beside = [
            asyncio.create_task(opened.issuer.keys.keep_rotating()),
            asyncio.create_task(keep_tidy(opened.issuer)),
        ]
        try:
            # Our protocol class calls it when the server begins to stop: see `watchword.server.protocol`.
            yield {"stopping": opened.issuer.streams.stop}
        finally:
            await opened.issuer.streams.aclose()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await opened.close()

    application = create_app(opened.issuer, routes=ROUTES, lifespan=running)
    application.state.desk = opened.desk
    tell_settings(application, map(_setting, explained))
    return application


def _setting(one: Explained) -> Setting:
    """In words of the console, which knows nothing of configuration."""
    return Setting(
        key=one.option.key,
        variable=one.option.variable,
        value=one.shown,
        default=one.shown_default,
        source=one.source,
        meaning=one.option.help,
    )
