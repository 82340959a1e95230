"""The composition root: `Settings` become a store, keys, an issuer, a desk for operators, and an application."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from starlette.applications import Starlette

from watchword.admin import console_client, installation, wrapped_master_key
from watchword.admin.console_client import ConsoleClient
from watchword.admin.desk import AdminDesk
from watchword.authn.factors.password import PasswordHasher
from watchword.clock import Clock, SystemClock
from watchword.config import Explained, Settings
from watchword.console.paths import CALLBACK
from watchword.console.routes import ROUTES
from watchword.console.settings import Setting, tell_settings
from watchword.events import EventSink, NoSink
from watchword.issuer.app import create_app
from watchword.issuer.context import Issuer
from watchword.issuer.housekeeping import keep_tidy
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.step_time import StepTime, database_time, time_of
from watchword.issuer.leadership import NAME as LEADER
from watchword.issuer.leadership import Leadership
from watchword.issuer.measuring import keep_measuring
from watchword.issuer.restore_guard import RestoreGuard
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.streams import Streams
from watchword.issuer.settings import IssuerSettings
from watchword.store.engine import Store, open_store
from watchword.store.errors import MasterKeyError, StoreUnavailableError, WitnessError
from watchword.store.key_providers import KEY_PROVIDERS, KeyProvider, KeyProviderKind
from watchword.store.leader_lock import open_leader_lock
from watchword.store.observed import ObservedStore
from watchword.store.repositories.installation import SECRET_PURPOSES, check_master_key, server_secret
from watchword.store.schema import check_current
from watchword.store.sealing import MasterKey
from watchword.store.wake import open_wake
from watchword.store.witness import Witness
from watchword.store.witness_file import WitnessFile
from watchword.telemetry import NoSpans, Spans


@dataclass(frozen=True, slots=True)
class Opened:
    """An issuer at work, the desk beside it, and what has to be closed."""

    issuer: Issuer
    desk: AdminDesk
    store: Store
    leadership: Leadership
    witness: Witness | None = None

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
        push=revocation.push,
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


def master_key_files(settings: Settings) -> None:
    """Make sure that the master keys which the settings name, as far as they are not a service's, can be read.

    Raises:
        MasterKeyError: one cannot.
    """
    keys = settings.keys
    if keys.master_key is not None or keys.master_key_file is not None:
        master_key(settings)
    if keys.previous_master_key_file is not None:
        MasterKey.from_file(Path(keys.previous_master_key_file))


async def find_master_key(settings: Settings, store: Store) -> MasterKey:
    """The master key of the installation in ``store``: from the settings, or unwrapped by the service they name.

    Raises:
        MasterKeyError: as for `master_key`; or the service refuses, does not answer, or has wrapped none yet.
    """
    if settings.keys.kms is None:
        key = master_key(settings)
    else:
        key = await wrapped_master_key.unwrap(store, key_provider(settings))
    if settings.keys.previous_master_key_file is None:
        return key
    return key.beside(MasterKey.from_file(Path(settings.keys.previous_master_key_file)))


def key_provider(settings: Settings) -> KeyProvider:
    """The key management service that the settings name; loaded only now, because each needs an extra."""
    kind = cast("KeyProviderKind", importlib.import_module(KEY_PROVIDERS[str(settings.keys.kms)]))
    return kind.open_provider(key_reference=str(settings.keys.aws_kms_key_id), region=settings.keys.aws_region)


async def ensure_installation(settings: Settings, store: Store, *, now: float) -> None:
    """Make a migrated database an installation; where a service wraps the master key, have it make one if need be.

    Raises:
        MasterKeyError: the master key is missing or another installation's, or the service refuses.
    """
    issuer = settings.server.issuer
    if settings.keys.kms is None:
        key = await find_master_key(settings, store)
        await installation.ensure(store, issuer=issuer, master_key=key, now=now)
        return
    path = settings.keys.previous_master_key_file
    previous = None if path is None else MasterKey.from_file(Path(path))
    await wrapped_master_key.ensure(store, key_provider(settings), issuer=issuer, previous=previous, now=now)


async def open_issuer(
    settings: Settings,
    *,
    clock: Clock | None = None,
    serving: bool = False,
    patient: bool = False,
    events: EventSink | None = None,
    spans: Spans | None = None,
) -> Opened:
    """Open an installation that is migrated and initialised; nothing is made but keys that are missing.

    Args:
        settings: which one.
        clock: its time; the machine's unless given.
        serving: tokens will be issued from it, so it must not be an older copy of itself.
        patient: for a command that may touch every row; see `open_store`.
        events: whoever counts what happens.
        spans: whoever traces it.

    Raises:
        RestoredError: it is one, and that has not been acknowledged; only when ``serving``.
        WitnessError: the witness file cannot be read, believed or written; only when ``serving``.
        SchemaBehindError: it must be migrated first.
        MasterKeyError: the master key is missing or another installation's.
        NotFoundError: there is no installation yet.
        StoreUnavailableError: the database does not answer.
    """
    # An operator's command writes beside the running issuer.
    store = open_store(settings.database.url, shared=True, patient=patient)
    step_time = database_time if clock is None else time_of(clock)
    clock = clock or SystemClock()
    if events is not None or spans is not None:
        store = ObservedStore(store, clock=clock, events=events or NoSink(), spans=spans or NoSpans())
    try:
        await store.read(check_current)
        key = await find_master_key(settings, store)
        secrets = await store.read(lambda connection: _secrets(connection, key))
        opened = _join(
            settings,
            store,
            key,
            secrets,
            clock=clock,
            step_time=step_time,
            events=events or NoSink(),
            spans=spans or NoSpans(),
        )
        if serving:
            await opened.issuer.guard.start()
    except BaseException:
        await store.close()
        raise
    return opened


def _secrets(connection: Any, key: MasterKey) -> dict[str, bytes]:
    check_master_key(connection, key)
    return {purpose: server_secret(connection, key, purpose) for purpose in SECRET_PURPOSES}


def witness_of(settings: Settings, store: Store, secret: bytes) -> Witness | None:
    """What remembers on this machine how far the database had come; None where no file is named for it."""
    path = settings.witness_file
    return None if path is None else Witness(store, WitnessFile(path, secret))


def _join(
    settings: Settings,
    store: Store,
    key: MasterKey,
    secrets: dict[str, bytes],
    *,
    clock: Clock,
    step_time: StepTime,
    events: EventSink,
    spans: Spans,
) -> Opened:
    own = issuer_settings(settings)
    ring = KeyRing(store=store, master_key=key, settings=own, clock=clock, step_time=step_time, events=events)
    feed = Feed(store=store, keys=ring, settings=own, clock=clock, step_time=step_time)
    streams = Streams(
        feed=feed, store=store, settings=own, wake=open_wake(settings.database.url), clock=clock, events=events
    )
    witness = witness_of(settings, store, secrets["witness"])
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
        events=events,
        spans=spans,
        guard=RestoreGuard(witness, clock, data_file=settings.data_file, interrupt=streams.interrupt),
    )
    issuer.health.add("clock", issuer.health.compare_clocks)
    desk = AdminDesk(
        store=store,
        clock=clock,
        passwords=passwords,
        keys=ring,
        settings=own,
        console_client_id=ConsoleClient.of(secrets["console"]).client_id,
    )
    leadership = Leadership(
        store=store, lock=open_leader_lock(settings.database.url, LEADER), clock=clock, events=events
    )
    return Opened(issuer, desk, store, leadership, witness)


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[AdminDesk]:
    """A desk for one command at the terminal.

    Raises:
        SchemaBehindError, MasterKeyError, NotFoundError, StoreUnavailableError: as for `open_issuer`.
    """
    opened = await open_issuer(settings)
    try:
        yield opened.desk
        if opened.witness is not None:
            # What this command withdrew must not be forgotten with a backup that was made before it.
            with suppress(WitnessError, StoreUnavailableError):
                await opened.witness.follow(now=opened.desk.clock.now())
    finally:
        await opened.close()


def create_application(opened: Opened, explained: Iterable[Explained]) -> Starlette:
    """The issuer with its console; keys rotate and what has expired is removed while it runs.

    Args:
        opened: the issuer and what belongs to it.
        explained: how its settings came about, for the console to show.
    """

    def stop() -> None:
        opened.issuer.health.stop()
        opened.issuer.streams.stop()

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
            asyncio.create_task(
                opened.leadership.keep([opened.issuer.keys.keep_rotating, partial(keep_tidy, opened.issuer)])
            ),
            asyncio.create_task(opened.issuer.guard.keep_checking()),
        ]
        if not isinstance(opened.issuer.events, NoSink):
            beside.append(asyncio.create_task(keep_measuring(opened.issuer)))
        try:
            # Our protocol class calls it when the server begins to stop: see `watchword.server.protocol`.
            yield {"stopping": stop}
        finally:
            await opened.issuer.streams.aclose()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await opened.issuer.guard.stop()
            await opened.close()

    application = create_app(opened.issuer, routes=ROUTES, lifespan=running)
    application.state.desk = opened.desk
    application.state.stop = stop
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
