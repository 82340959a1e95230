"""Server-sent events on real connections and both databases: docs/protocol/revocation.md, "Server-sent events"."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.issuer.issuing import ISSUER, ORDERS, SECRET, STOCK, World
from tests.issuer.revocation.journal_rows import forget, head, restore, write
from tests.issuer.revocation.serving import BRISK, EVENTS, Pushed, Served, pushed, served, until
from tests.issuer.test_store_away import Door
from tests.store.test_wake import commit_elsewhere

from watchword.issuer.app import create_app
from watchword.issuer.endpoints import revocation_events
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.place import Place
from watchword.issuer.revocation.streams import Streams
from watchword.jose import KeySet
from watchword.oauth.bearer import digest
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api
from watchword.store.wake import open_wake
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.revocation.message import Message, read, split

pytestmark = pytest.mark.anyio


async def place(world: World, after: int) -> str:
    return f"{(await head(world)).journal_id}:{after}"


async def batch(world: World, stream: Pushed) -> Message:
    """The next event, which is a batch that holds, named by where it ends."""
    event = await stream.next()
    assert event is not None
    assert set(event) == {"event", "id", "data"}
    assert event["event"] == "batch"
    keys = KeySet.from_dict(await world.issuer.keys.public_jwks(purpose="feed"))
    told = read(split(event["data"].encode()), keys, issuer=ISSUER, now=world.clock.now(), leeway=0.0)
    assert not told.is_snapshot
    assert event["id"] == f"{told.journal_id}:{told.to}"
    return told


async def api(world: World, identifier: str) -> Api:
    found = await world.issuer.store.read(partial(apis.find, identifier=identifier))
    assert found is not None
    return found


async def credentials(world: World, identifier: str = ORDERS) -> ResourceCredentials:
    return ResourceCredentials((await api(world, identifier)).id, SECRET)


def watching_of(issuer: Served) -> "asyncio.Task[None] | None":
    return issuer.streams._watching


async def test_first_what_was_missed_then_each_commit(world: World) -> None:
    await write(world, ["g-1", "g-2", "g-3"])
    async with served(world) as issuer, pushed(issuer, await place(world, 1)) as stream:
        headers = stream.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        assert "content-length" not in headers
        assert "access-control-allow-origin" not in headers
        missed = await batch(world, stream)
        assert (missed.first, missed.to, missed.head) == (1, 3, 3)
        for number in (4, 5):
            await write(world, [f"g-{number}"])
            told = await batch(world, stream)
            assert (told.first, told.to, len(told.entries)) == (number - 1, number, 1)


async def test_the_first_connection_may_say_where_it_stands_as_a_poll_does(world: World) -> None:
    await write(world, ["g-1"])
    journal_id = (await head(world)).journal_id
    async with served(world) as issuer:
        async with pushed(issuer, None, query=f"?journal_id={journal_id}&after=0") as stream:
            assert (await batch(world, stream)).to == 1
        async with pushed(issuer, f"{journal_id}:0", query="?journal_id=another&after=7") as stream:
            assert (await batch(world, stream)).to == 1, "what it was told last says more"


@pytest.mark.parametrize("told", ["", "J", ":1", "J:", "J:-1", "J:01", f"J:{2**53}", "a b:1", f"{'j' * 129}:1"])
async def test_400_without_a_place_in_the_journal(world: World, told: str) -> None:
    async with served(world) as issuer:
        for told_so, query in ((told, ""), (None, ""), (None, "?after=0"), (None, "?journal_id=J&after=0&after=0")):
            async with pushed(issuer, told_so, query=query) as stream:
                assert (stream.response.status_code, stream.response.json()["error"]) == (400, "invalid_request")
        assert len(issuer.streams) == 0


async def test_more_than_fits_into_a_batch_comes_in_several(world: World) -> None:
    await write(world, [f"g-{number}" for number in range(2100)])
    async with served(world) as issuer, pushed(issuer, await place(world, 0)) as stream:
        told = [await batch(world, stream) for _ in range(3)]
        assert [(one.first, one.to) for one in told] == [(0, 1000), (1000, 2000), (2000, 2100)]
        assert {one.head for one in told} == {2100}


async def test_nothing_is_left_out_while_many_withdraw(world: World) -> None:
    async def withdraw(writer: int) -> None:
        for number in range(5):
            await write(world, [f"g-{writer}-{number}", f"h-{writer}-{number}"])

    seen: list[int] = []
    # As many at once as the pool has connections for, less those of whoever looks: more would be told to come again.
    async with (
        served(world) as issuer,
        pushed(issuer, await place(world, 0)) as stream,
        asyncio.TaskGroup() as writers,
    ):
        for writer in range(6):
            writers.create_task(withdraw(writer))
        while len(seen) < 60:
            seen += [entry.seq for entry in (await batch(world, stream)).entries]
    assert seen == list(range(1, 61))


async def test_a_heartbeat_carries_the_number_and_a_signature(world: World) -> None:
    await write(world, ["g-1"])
    intervals = replace(BRISK, heartbeat=0.1)
    async with served(world, intervals=intervals) as issuer, pushed(issuer, await place(world, 1)) as stream:
        for _ in range(2):
            beat = await batch(world, stream)
            assert (beat.first, beat.to, beat.head, beat.entries) == (1, 1, 1, ())
        await write(world, ["g-2"])
        while not (told := await batch(world, stream)).entries:
            pass
        assert (told.first, told.to) == (1, 2)
        beat = await batch(world, stream)
        assert (beat.first, beat.to) == (2, 2)


async def test_a_reset_where_only_a_snapshot_can_tell(world: World) -> None:
    await write(world, ["g-1", "g-2", "g-3"])
    here = (await head(world)).journal_id
    await forget(world, 2)
    async with served(world) as issuer:
        for told in (f"{here}:4", f"{here}:1", f"{here}:0", "another:3"):
            async with pushed(issuer, told) as stream:
                assert await stream.next() == {"event": "reset", "data": ""}
                assert await stream.next() is None, "then it closes"
        async with pushed(issuer, f"{here}:3") as stream:
            await issuer.streams_are(1)
            await restore(world, "restored", seq=1)
            assert await stream.next() == {"event": "reset", "data": ""}
            assert await stream.next() is None


async def test_only_an_api_is_pushed_to_unless_all_is_on_one_machine(world: World) -> None:
    client = await world.client()
    good = await credentials(world)
    refused = [
        None,
        ResourceCredentials(good.identifier, "wws_another"),
        ResourceCredentials("nobody", SECRET),
        ResourceCredentials(ORDERS, SECRET),
        ResourceCredentials(client.id, SECRET),
    ]
    async with served(world, local=False) as issuer:
        for shown in refused:
            async with pushed(issuer, await place(world, 0), credentials=shown) as stream:
                assert stream.response.status_code == 401
                assert stream.response.headers["www-authenticate"].startswith("Basic ")
        async with pushed(issuer, await place(world, 0), credentials=good) as stream:
            assert stream.response.status_code == 200
        async with pushed(issuer, None, credentials=None) as stream:
            assert stream.response.status_code == 401, "before it says what is wrong with the question"


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"secret_hash": digest("another")}, {"secret_hash": None}])
async def test_a_stream_ends_with_the_credentials_it_was_opened_with(world: World, change: dict[str, Any]) -> None:
    orders, stock = await credentials(world, ORDERS), await credentials(world, STOCK)
    here = await place(world, 0)
    async with (
        served(world, local=False, intervals=replace(BRISK, heartbeat=0.1)) as issuer,
        pushed(issuer, here, credentials=orders) as ends,
        pushed(issuer, here, credentials=stock) as stays,
    ):
        await batch(world, ends)
        changed = replace(await api(world, ORDERS), **change)
        await world.issuer.store.write(partial(apis.update, api=changed))
        while await ends.next() is not None:
            pass
        await batch(world, stays)
        await issuer.streams_are(1)
        async with pushed(issuer, here, credentials=orders) as refused:
            assert refused.response.status_code == 401


async def test_a_stream_that_is_opened_while_credentials_are_examined_stays_open(world: World) -> None:
    door = Door(world.issuer.store)
    intervals = replace(BRISK, heartbeat=0.02)
    streams = Streams(feed=world.issuer.feed, store=door, settings=world.issuer.settings, intervals=intervals)
    here = Place((await head(world)).journal_id, 0)
    door.hangs = asyncio.Event()
    first = streams.open(here, api=await api(world, ORDERS), address="127.0.0.1")
    await until(lambda: door.tried == 1)
    second = streams.open(here, api=await api(world, STOCK), address="127.0.0.1")
    door.hangs.set()
    await until(lambda: door.tried >= 3)
    assert [stream._over for stream in (first, second)] == [False, False]
    await streams.aclose()
    assert [stream._over for stream in (first, second)] == [True, True]


async def test_no_more_streams_than_one_credential_may_have(world: World) -> None:
    here, orders, stock = await place(world, 0), await credentials(world, ORDERS), await credentials(world, STOCK)
    async with served(world, local=False, streams_per_credential=1) as issuer:
        async with pushed(issuer, here, credentials=orders):
            async with pushed(issuer, here, credentials=orders) as refused:
                assert refused.response.status_code == 429
                assert int(refused.response.headers["retry-after"]) == 30
            async with pushed(issuer, here, credentials=stock) as another:
                assert another.response.status_code == 200
        await issuer.streams_are(0)
        async with pushed(issuer, here, credentials=orders) as again:
            assert again.response.status_code == 200, "who hangs up leaves room"


async def test_no_more_streams_than_one_address_may_have(world: World) -> None:
    here = await place(world, 0)
    async with served(world, streams_per_address=2) as issuer, pushed(issuer, here), pushed(issuer, here):
        async with pushed(issuer, here) as refused:
            assert (refused.response.status_code, refused.response.headers["retry-after"]) == (429, "30")
        assert len(issuer.streams) == 2


async def test_one_task_looks_for_all_and_only_while_there_are_any(world: World) -> None:
    here = await place(world, 0)
    async with served(world) as issuer:
        assert watching_of(issuer) is None
        async with pushed(issuer, here) as first, pushed(issuer, here) as second:
            watching = watching_of(issuer)
            assert watching is not None
            await write(world, ["g-1"])
            told = [await batch(world, stream) for stream in (first, second)]
            assert [one.to for one in told] == [1, 1]
            assert watching_of(issuer) is watching
        await asyncio.wait_for(watching, 5)
        async with pushed(issuer, await place(world, 1)) as later:
            await write(world, ["g-2"])
            assert (await batch(world, later)).to == 2


async def test_a_stream_ends_after_an_hour(world: World) -> None:
    async with served(world, intervals=replace(BRISK, longest=0.2)) as issuer:
        async with pushed(issuer, await place(world, 0)) as stream:
            assert await stream.next() is None
        await issuer.streams_are(0)


async def test_streams_end_when_the_issuer_stops(world: World) -> None:
    """Otherwise the server would wait for them for as long as it waits for anything."""
    async with served(world) as issuer, pushed(issuer, await place(world, 0)) as stream:
        watching = watching_of(issuer)
        assert watching is not None
        assert issuer.server.config.timeout_graceful_shutdown == 20
        issuer.server.should_exit = True
        async with asyncio.timeout(10):
            assert await stream.next() is None
            await watching
        with pytest.raises(TemporarilyUnavailableError):
            issuer.streams.open(Place("J", 0), api=None, address="127.0.0.1")


async def test_silence_while_the_journal_cannot_be_read(world: World) -> None:
    """A heartbeat that was not read from the journal would be a lie; the reader polls then, and hears why."""
    door = Door(world.issuer.store)
    feed = Feed(store=door, keys=world.issuer.keys, settings=world.issuer.settings, clock=world.clock)
    behind = replace(world, issuer=replace(world.issuer, store=door, feed=feed))
    here = await place(world, 0)
    async with served(behind, intervals=replace(BRISK, heartbeat=0.1)) as issuer, pushed(issuer, here) as stream:
        assert (await batch(world, stream)).to == 0
        door.is_open = False
        world.clock.advance(1)  # what was signed before is not given out any more
        tried, shut_until = door.tried, world.clock.now()
        await until(lambda: door.tried > tried + 20)
        world.clock.advance(5)
        await write(world, ["g-1"])
        door.is_open = True
        while (told := await batch(world, stream)).to == 0:
            assert told.issued_at <= shut_until, "what was under way when the door was shut"
        assert told.to == 1


async def test_r54_who_takes_nothing_loses_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is open at the other end, and never read from."""
    monkeypatch.setattr(revocation_events, "WRITE_SECONDS", 0.05)
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])
    sent: list[str] = []

    async def receive() -> Any:
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            assert len(world.issuer.streams) == 1
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": EVENTS,
        "query_string": b"",
        "headers": [(b"host", b"localhost:8400"), (b"last-event-id", (await place(world, 0)).encode())],
        "client": ("127.0.0.1", 1234),
    }
    async with asyncio.timeout(10):
        await create_app(world.issuer)(scope, receive, send)
    assert sent == ["http.response.start", "http.response.body"]
    assert len(world.issuer.streams) == 0
    await world.issuer.streams.aclose()


async def test_the_events_answer_get_alone(world: World) -> None:
    """A HEAD would open a stream that nobody reads."""
    answers = [await world.http.request(method, EVENTS) for method in ("HEAD", "POST", "OPTIONS")]
    assert [answer.status_code for answer in answers] == [405, 405, 405]
    assert len(world.issuer.streams) == 0


async def test_what_another_process_withdraws_is_pushed_though_nobody_looks(world: World, store_url: str) -> None:
    """Between two looks an hour would pass: what is told here was told because this process was woken."""
    rare = replace(BRISK, look=3600.0)
    async with served(world, intervals=rare, wake=open_wake(store_url)) as issuer:
        async with pushed(issuer, await place(world, 0)) as stream:
            for number in (1, 2):
                await commit_elsewhere(store_url)
                told = await batch(world, stream)
                assert (told.first, told.to) == (number - 1, number)
        await issuer.streams_are(0)
        async with pushed(issuer, await place(world, 2)) as stream:  # the wake begins again with the next reader
            await commit_elsewhere(store_url)
            assert (await batch(world, stream)).to == 3
