"""Nothing is signed while this machine's clock and the database's differ (R47, R48)."""

import logging
import time

import pytest
from tests.issuer.issuing import SETTINGS, World, store_ring

from watchword.clock import SettableClock
from watchword.issuer.keys.agreed_time import MAX_SKEW, DatabaseTime
from watchword.issuer.keys.generation import NewKey
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.slots import Slot
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.engine import Store
from watchword.store.sealing import MasterKey

NOW = 1_900_000_000.0


@pytest.fixture
async def ring(
    store: Store, master_key: MasterKey, ring_keys: dict[tuple[Slot, str], NewKey]
) -> tuple[KeyRing, SettableClock]:
    """One that asks the real database, beside a clock that agrees with it until it is set to another time."""
    clock = SettableClock(time.time())
    await store_ring(store, ring_keys, clock.now())
    return KeyRing(store=store, master_key=master_key, settings=SETTINGS, clock=clock), clock


def test_an_answer_that_took_long_makes_no_clock_wrong() -> None:
    clock = SettableClock(NOW)
    asked_at = clock.monotonic()
    clock.advance(10)
    for told in (NOW, NOW + 5, NOW + 10):
        assert DatabaseTime(told, asked_at, clock.monotonic()).skew(clock) == 0
    assert DatabaseTime(NOW - 3, asked_at, clock.monotonic()).skew(clock) == pytest.approx(3)
    assert DatabaseTime(NOW + 14, asked_at, clock.monotonic()).skew(clock) == pytest.approx(4)


@pytest.mark.parametrize("jump", [-3600.0, -2.5, 2.5, 3600.0, 10 * 365.25 * 86400])
def test_a_clock_that_is_set_is_noticed_without_asking_again(jump: float) -> None:
    clock = SettableClock(NOW)
    read = DatabaseTime(NOW, clock.monotonic(), clock.monotonic())
    clock.advance(8)
    assert read.agrees(clock)
    clock.jump(jump)
    assert read.skew(clock) == pytest.approx(abs(jump))
    assert not read.agrees(clock)


@pytest.mark.anyio
@pytest.mark.parametrize("jump", [-3600.0, -MAX_SKEW - 2, MAX_SKEW + 2, 3600.0])
async def test_r48_signing_stops_and_what_verifiers_need_goes_on(
    ring: tuple[KeyRing, SettableClock], jump: float, caplog: pytest.LogCaptureFixture
) -> None:
    keys, clock = ring
    await keys.signers()
    clock.jump(jump)
    with caplog.at_level(logging.WARNING, "watchword.keys"):
        for _ in range(3):
            with pytest.raises(TemporarilyUnavailableError) as raised:
                await keys.signers()
            assert raised.value.detail == "the clocks differ"
        assert (await keys.public_jwks())["keys"]
        await keys.signer("ES256", purpose="feed")
        clock.jump(-jump)
        await keys.signers()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"], "told once each"


@pytest.mark.anyio
async def test_r48_a_client_is_told_to_come_again_and_loses_nothing(world: World) -> None:
    client = await world.client()
    refresh_token = (await world.sign_in(client))["refresh_token"]
    told: dict[str, float] = {"ahead": 0.0}
    world.issuer.keys._time = lambda _connection: world.clock.now() + told["ahead"]
    await world.issuer.keys.refresh()
    told["ahead"] = 3.0
    await world.issuer.keys.refresh()
    refused = await world.refresh(client, refresh_token)
    assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert refused.headers["retry-after"] == "5"
    told["ahead"] = 0.0
    answer = await world.refresh(client, refresh_token)
    assert answer.status_code == 200
