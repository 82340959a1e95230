"""Keys live by the database's clock, whatever a process believes: R46, I5."""

from typing import Any

import pytest
from tests.issuer.issuing import SETTINGS

from watchword.clock import SettableClock
from watchword.issuer.keys import rotation
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.rotation import KeyStepError
from watchword.issuer.keys.slots import Slot
from watchword.store.engine import Store
from watchword.store.repositories import signing_keys
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.anyio


class DatabaseClock:
    """What the database would say; the processes have clocks of their own."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self, _connection: Any) -> float:
        return self.now


@pytest.fixture
def database(clock: SettableClock) -> DatabaseClock:
    return DatabaseClock(clock.now())


def ring_of(store: Store, master_key: MasterKey, database: DatabaseClock, *, ahead: float) -> KeyRing:
    """A process whose clock is wrong."""
    clock = SettableClock(database.now + ahead)
    return KeyRing(store=store, master_key=master_key, settings=SETTINGS, clock=clock, step_time=database)


@pytest.mark.parametrize("ahead", [-86_400.0, 86_400.0, 365 * 86_400.0])
async def test_a_clock_that_is_wrong_moves_no_step(
    store: Store, master_key: MasterKey, database: DatabaseClock, ahead: float
) -> None:
    ring = ring_of(store, master_key, database, ahead=ahead)
    await ring.start()
    first = (await ring.signer("ES256")).kid
    database.now += rotation.prepublication(SETTINGS) - 1
    await ring.advance()
    assert (await ring.signer("ES256")).kid == first
    with pytest.raises(KeyStepError, match="long enough"):
        await ring.rotate("ES256")
    database.now += 1
    second = await ring.rotate("ES256")
    assert second != first
    database.now += rotation.retention() - 1
    await ring.advance()
    assert first in {key["kid"] for key in (await ring.public_jwks())["keys"]}, "its tokens still live"
    database.now += 1
    await ring.advance()
    assert first not in {key["kid"] for key in (await ring.public_jwks())["keys"]}


async def test_a_successor_published_by_a_slow_clock_waits_as_long(
    store: Store, master_key: MasterKey, database: DatabaseClock
) -> None:
    """Dated a day early by the process that published it, it would sign at once in one whose clock is right."""
    slow = ring_of(store, master_key, database, ahead=-86_400)
    await slow.start()
    right = ring_of(store, master_key, database, ahead=0)
    with pytest.raises(KeyStepError, match="long enough"):
        await right.rotate("ES256")


async def test_it_is_the_databases_own_clock_unless_told_otherwise(store: Store, master_key: MasterKey) -> None:
    clock = SettableClock(4_000_000_000)
    before = await store.now()
    ring = KeyRing(store=store, master_key=master_key, settings=SETTINGS, clock=clock)
    await ring.start()
    after = await store.now()
    for key in await store.read(signing_keys.list_all):
        assert before - 0.01 <= key.created_at <= after + 0.01


async def test_a_step_that_is_not_due_is_refused_in_its_own_transaction(
    store: Store, master_key: MasterKey, database: DatabaseClock
) -> None:
    """Whoever asks for it, and by whatever he decided that it was due."""
    ring = ring_of(store, master_key, database, ahead=0)
    await ring.start()
    database.now += rotation.prepublication(SETTINGS)
    await ring.rotate("ES256")
    keys = await store.read(signing_keys.list_all)
    retiring = next(key for key in keys if key.state == "retiring")
    slot = Slot("token", "ES256")
    assert not await store.write(lambda here: rotation.retire(here, slot, kid=retiring.kid, now=database.now))
