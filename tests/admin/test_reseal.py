"""From one master key to another: everything, verified, in any number of attempts, while an issuer signs."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import LargeBinary, insert, text
from tests.conftest import NOW
from tests.issuer.issuing import ORDERS, Listener, client_of, make_issuer, populate

from watchword.admin.health import look_at_installation
from watchword.admin.reseal import reseal
from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.keys import algorithms
from watchword.issuer.keys.generation import SEALED_FOR
from watchword.issuer.keys.ring import KeyRing
from watchword.oauth.bearer import digest
from watchword.store.engine import Store
from watchword.store.errors import MasterKeyError, SchemaAheadError
from watchword.store.migrations.window import state_window
from watchword.store.repositories import audit, clients, sealed_values, signing_keys
from watchword.store.repositories.clients import Client
from watchword.store.repositories.installation import SECRET_PURPOSES, check_master_key, server_secret
from watchword.store.repositories.sealed_values import SEALED_OTHERWISE
from watchword.store.schema import HEAD
from watchword.store.sealing import MasterKey
from watchword.store.tables import metadata, server_secrets

pytestmark = pytest.mark.anyio

NEW = MasterKey(bytes(range(100, 132)))
SECRET = "wws_" + "s" * 43


@pytest.fixture
async def quick_ring(store: Store, clock: SettableClock) -> None:
    """Without RSA, whose keys take long to make: what is done to a sealed key is the same."""
    await store.write(partial(algorithms.found, algorithms=("ES256",), default="ES256", now=clock.now()))


async def start_ring(store: Store, key: MasterKey, clock: SettableClock) -> KeyRing:
    ring = make_issuer(store, clock, key, Listener()).keys
    await ring.start()
    return ring


async def under(store: Store, key: MasterKey) -> list[str]:
    """What ``key`` alone opens, and the check among it."""
    values = await store.read(partial(sealed_values.list_all, signing_key_purpose=SEALED_FOR))
    values.append(await store.read(sealed_values.check_of))
    return [value.name for value in values if key.opens_alone(value.sealed, purpose=value.purpose)]


async def test_everything_moves_and_nothing_is_changed(
    store: Store, master_key: MasterKey, clock: SettableClock, quick_ring: None
) -> None:
    await start_ring(store, master_key, clock)
    secrets = [await store.read(partial(server_secret, master_key=master_key, purpose=one)) for one in SECRET_PURPOSES]
    steps: list[tuple[int, int]] = []
    done = await reseal(store, NEW.beside(master_key), clock=clock, tell=lambda *step: steps.append(step))
    total = 4 + len(SECRET_PURPOSES)
    assert (done.moved, done.total, done.was_done) == (total, total, False)
    assert steps == [(number, total) for number in range(1, total + 1)]
    assert await under(store, master_key) == []
    await store.read(lambda connection: check_master_key(connection, NEW))
    with pytest.raises(MasterKeyError):
        await store.read(lambda connection: check_master_key(connection, master_key))
    assert secrets == [await store.read(partial(server_secret, master_key=NEW, purpose=one)) for one in SECRET_PURPOSES]
    await start_ring(store, NEW, clock)

    again = await reseal(store, NEW.beside(master_key), clock=clock)
    assert (again.moved, again.was_done) == (0, True)
    assert (await reseal(store, NEW, clock=clock)).was_done, "without the old key, too"
    rows = await store.read(lambda connection: audit.latest(connection, limit=50))
    assert [row.action for row in rows].count("issuer.resealed") == 1


async def test_an_issuer_that_runs_signs_through_all_of_it(
    store: Store, master_key: MasterKey, clock: SettableClock, quick_ring: None
) -> None:
    """One that was started with both keys, in either order, rotates and opens what the other sealed."""
    old_first = make_issuer(store, clock, master_key.beside(NEW), Listener())
    new_first = make_issuer(store, clock, NEW.beside(master_key), Listener())
    for issuer in (old_first, new_first):
        await issuer.keys.start()
    await populate(old_first, clock)
    client = Client(
        id="c" * 26, name="Load", auth_method="client_secret_basic", secret_hash=digest(SECRET), redirect_uris=(),
        grant_types=("client_credentials",), scopes=("orders:read",), api_scopes={ORDERS: ("orders:read",)},
        created_at=NOW,
    )  # fmt: skip
    await store.write(partial(clients.create, client=client, now=NOW))
    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": ORDERS}
    is_over, is_enough = asyncio.Event(), asyncio.Event()
    statuses: list[int] = []
    statuses_after: list[int] = []

    async with client_of(create_app(old_first)) as one, client_of(create_app(new_first)) as other:

        async def load() -> None:
            while not is_over.is_set():
                for http in (one, other):
                    answer = await http.post("/token", data=form, auth=(client.id, SECRET))
                    statuses.append(answer.status_code)
                if statuses_after and len(statuses) >= statuses_after[0]:
                    is_enough.set()

        loading = asyncio.create_task(load())
        clock.advance(old_first.settings.key_lifetime)  # one seals new keys under the old master key meanwhile
        await asyncio.gather(reseal(store, NEW.beside(master_key), clock=clock), old_first.keys.advance())
        await reseal(store, NEW.beside(master_key), clock=clock)
        await old_first.keys.refresh()
        await new_first.keys.refresh()
        statuses_after.append(len(statuses) + 10)
        await is_enough.wait()
        is_over.set()
        await loading
    assert set(statuses) == {200}
    assert await under(store, master_key) == []
    for issuer in (old_first, new_first):
        issuer.passwords.close()


async def test_what_opens_with_neither_key_stops_it_and_the_check_stays(
    store: Store, master_key: MasterKey, clock: SettableClock
) -> None:
    foreign = MasterKey(bytes(32)).seal(b"x" * 32, purpose="server secret: zz")
    row = {"purpose": "zz", "sealed_secret": foreign, "created_at": NOW}
    await store.write(lambda connection: connection.execute(insert(server_secrets).values(row)))
    with pytest.raises(MasterKeyError, match="server_secrets zz"):
        await reseal(store, NEW.beside(master_key), clock=clock)
    await store.read(lambda connection: check_master_key(connection, master_key))
    assert len(await under(store, NEW)) == len(SECRET_PURPOSES), "what was moved before stays moved, and opens"


async def test_doctor_says_that_it_is_to_be_done(store: Store, master_key: MasterKey, clock: SettableClock) -> None:
    async def verdict(key: MasterKey) -> tuple[str, str | None]:
        findings = await look_at_installation(store, master_key=key, issuer="http://localhost:8400", clock=clock)
        (found,) = [one for one in findings if one.what == "master key"]
        return found.verdict, found.next_step

    assert await verdict(NEW.beside(master_key)) == ("warning", "watchword keys reseal")
    await reseal(store, NEW.beside(master_key), clock=clock)
    assert await verdict(NEW.beside(master_key)) == ("ok", None)


def test_no_sealed_column_is_forgotten() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.name.startswith("sealed_") and isinstance(column.type, LargeBinary)
    }
    moved = {"signing_keys.sealed_private_jwk", "server_secrets.sealed_secret", "installation.sealed_check"}
    assert columns == moved | SEALED_OTHERWISE


async def test_a_newer_schema_may_have_sealed_what_this_version_does_not_know(
    store: Store, master_key: MasterKey, clock: SettableClock, quick_ring: None
) -> None:
    """Also where this version may go on serving on it."""
    await start_ring(store, master_key, clock)
    await store.write(lambda connection: connection.execute(text("UPDATE watchword_schema SET version_num = '9999'")))
    await store.write(partial(state_window, revision="9999", oldest_code=HEAD))
    before = await under(store, NEW)
    with pytest.raises(SchemaAheadError, match="use that version"):
        await reseal(store, NEW.beside(master_key), clock=clock)
    assert await under(store, NEW) == before == []


async def test_a_process_with_the_old_key_alone_brings_no_key_that_nobody_can_open(
    store: Store, master_key: MasterKey, clock: SettableClock, quick_ring: None
) -> None:
    """It was started before the sealing, and goes on rotating after it."""
    old = make_issuer(store, clock, master_key, Listener()).keys
    await reseal(store, NEW.beside(master_key), clock=clock)
    with pytest.raises(MasterKeyError):
        await old.advance()
    assert await store.read(signing_keys.list_all) == []
    await start_ring(store, NEW, clock)
    assert len(await store.read(signing_keys.list_all)) == 4
