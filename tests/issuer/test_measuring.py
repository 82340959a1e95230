"""What is measured beside requests, and what the store and the streams tell of themselves."""

import pytest
from sqlalchemy import text
from tests.conftest import MASTER_KEY
from tests.issuer.issuing import SETTINGS, Listener, World, make_issuer

from watchword import telemetry
from watchword.clock import SettableClock
from watchword.events import Measured, StreamEnded, TransactionEnded
from watchword.issuer.measuring import measure
from watchword.issuer.revocation import withdraw
from watchword.issuer.revocation.place import Place
from watchword.issuer.revocation.streams import Streams, TooManyStreamsError
from watchword.store.engine import Store
from watchword.store.errors import StoreUnavailableError
from watchword.store.observed import ObservedStore
from watchword.store.repositories.audit import SYSTEM
from watchword.telemetry import NoSpans

pytestmark = pytest.mark.anyio


async def measured(world: World) -> dict[tuple[str, ...], float]:
    world.listener.events.clear()
    await measure(world.issuer)
    return {(one.name, *one.labels): one.value for one in world.listener.events if isinstance(one, Measured)}


async def test_the_journal_and_the_keys_are_told(world: World) -> None:
    found = await measured(world)
    assert found[telemetry.JOURNAL_SEQUENCE.name,] == 0
    assert (telemetry.JOURNAL_HEAD_AGE.name,) not in found
    due = telemetry.KEY_ROTATION_DUE.name, "token", "ES256"
    assert 0 < found[due] <= SETTINGS.key_lifetime
    await world.issuer.store.write(
        lambda connection: withdraw.subject(
            connection, world.user.id, reason="test", actor=SYSTEM, now=world.clock.now()
        )
    )
    world.clock.advance(7)
    later = await measured(world)
    assert later[telemetry.JOURNAL_SEQUENCE.name,] == 1
    assert later[telemetry.JOURNAL_ENTRIES.name, "subject"] == 1
    assert later[telemetry.JOURNAL_ENTRIES.name, "client"] == 0
    assert later[telemetry.JOURNAL_HEAD_AGE.name,] == 7
    assert later[due] == found[due] - 7
    assert later[telemetry.READY.name,] == 1


async def test_every_gauge_that_the_issuer_measures_is_told(world: World) -> None:
    gauges = {metric.name for metric in telemetry.METRICS if metric.kind == "gauge"}
    # Leadership is told by whoever leads, the age of an empty journal by nobody.
    assert {name for name, *_ in await measured(world)} == gauges - {
        telemetry.LEADER.name,
        telemetry.JOURNAL_HEAD_AGE.name,
    }


async def test_transactions_are_told_with_what_became_of_them(store: Store, clock: SettableClock) -> None:
    listener = Listener()
    observed = ObservedStore(store, clock=clock, events=listener, spans=NoSpans())
    assert await observed.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one()) == 1

    async def away(job: object) -> None:
        raise StoreUnavailableError("the database does not answer")

    observed._store.write = away  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreUnavailableError):
        await observed.write(lambda _: None)
    told = [(one.kind, one.waited, one.failure) for one in listener.events if isinstance(one, TransactionEnded)]
    assert told == [("read", 0.0, None), ("write", None, "unavailable")]


async def test_a_stream_tells_why_it_ended(store: Store, clock: SettableClock) -> None:
    listener = Listener()
    issuer = make_issuer(store, clock, MASTER_KEY, listener)
    streams = Streams(feed=issuer.feed, store=store, settings=SETTINGS, clock=clock, events=listener)
    place = Place("journal", 0)
    opened = [streams.open(place, api=None, address="a") for _ in range(SETTINGS.streams_per_address)]
    with pytest.raises(TooManyStreamsError):
        streams.open(place, api=None, address="a")
    streams.close(opened[0])
    streams.stop()
    streams.close(opened[1])
    reasons = [one.reason for one in listener.events if isinstance(one, StreamEnded)]
    assert reasons == ["refused", "reader", "stopping"]
    await streams.aclose()
    issuer.passwords.close()
