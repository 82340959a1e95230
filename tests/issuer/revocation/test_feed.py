"""Snapshot, poll and keys over HTTP, on both databases: docs/protocol/revocation.md, "Snapshot and poll"; R42."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import httpx2
import pytest
from sqlalchemy import Connection, event
from tests.issuer.issuing import ISSUER, Listener, World, client_of, make_issuer
from tests.issuer.revocation.journal_rows import forget, head, restore, write

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.keys.step_time import time_of
from watchword.issuer.revocation import withdraw
from watchword.issuer.revocation.feed import Feed
from watchword.jose import KeySet, jwt
from watchword.jose.errors import JOSEError
from watchword.oauth.revocation import KINDS, digest_bytes
from watchword.store.engine import Store
from watchword.store.repositories import journal
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.journal import Entry
from watchword.store.sealing import MasterKey
from watchword.verify.revocation.message import Message, read, split

pytestmark = pytest.mark.anyio

KEYS, SNAPSHOT, POLL = "/revocation/jwks", "/revocation/snapshot", "/revocation/poll"
PAGES = "/revocation/pages"


async def poll(world: World, after: int | str, journal_id: str | None = None) -> httpx2.Response:
    journal_id = (await head(world)).journal_id if journal_id is None else journal_id
    return await world.http.get(POLL, params={"journal_id": journal_id, "after": after})


async def message(world: World, answer: httpx2.Response) -> Message:
    """The message as the SDK takes it: one that holds."""
    assert answer.status_code == 200, answer.text
    keys = KeySet.from_dict((await world.http.get(KEYS)).json())
    return read(split(answer.content), keys, issuer=ISSUER, now=world.clock.now(), leeway=0.0)


async def test_a_message_is_signed_by_a_feed_key_that_signs_no_token(world: World) -> None:
    await write(world, ["g-1"])
    published, others = await world.http.get(KEYS), await world.http.get("/jwks")
    assert published.headers["content-type"] == "application/jwk-set+json"
    assert published.headers["cache-control"] == f"public, max-age={world.issuer.settings.jwks_max_age}"
    kids = {key["kid"] for key in published.json()["keys"]}
    assert len(kids) == 2, "the one that signs, and its successor"
    assert not kids & {key["kid"] for key in others.json()["keys"]}
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in published.json()["keys"])
    text = (await world.http.get(SNAPSHOT)).text
    signed = jwt.decode(text, KeySet.from_dict(published.json()), algorithms=("ES256",), typ="watchword-journal+jwt")
    assert dict(signed.header.members) == {"alg": "ES256", "typ": "watchword-journal+jwt", "kid": signed.header.kid}
    assert signed.header.kid in kids
    with pytest.raises(JOSEError):
        jwt.decode(text, KeySet.from_dict(others.json()), algorithms=("ES256",), typ="watchword-journal+jwt")


async def test_a_compromised_feed_key_signs_and_is_published_no_more(world: World) -> None:
    before = split((await world.http.get(SNAPSHOT)).content).header.kid or ""
    job = partial(withdraw.key, kid=before, reason="leaked", actor=SYSTEM, now=world.clock.now())
    await world.issuer.store.write(job)
    await world.issuer.keys.refresh()
    world.clock.advance(1)
    answer = await world.http.get(SNAPSHOT)
    assert split(answer.content).header.kid != before
    (entry,) = (await message(world, answer)).entries
    assert (KINDS[entry.kind], entry.digest) == ("key", digest_bytes("key", ISSUER, before)), "readers drop it"
    assert before not in {key["kid"] for key in (await world.http.get(KEYS)).json()["keys"]}


async def test_what_anybody_may_keep_for_a_second(world: World) -> None:
    await write(world, ["g-1"])
    for answer in (await world.http.get(SNAPSHOT), await poll(world, 0)):
        assert answer.headers["content-type"] == "application/watchword-journal+jwt"
        assert answer.headers["cache-control"] == "public, max-age=1"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers
        assert "vary" not in answer.headers


async def test_a_snapshot_tells_what_is_withdrawn_and_not_what_has_expired(world: World) -> None:
    await write(world, ["g-1", "g-2"])
    world.clock.advance(600.4)
    await write(world, ["u-1"], kind="subject", epoch=5)
    await write(world, ["u-1"], kind="subject", epoch=6)
    told = await message(world, await world.http.get(SNAPSHOT))
    assert [entry.seq for entry in told.entries] == [1, 2, 4]
    assert told.entries[-1].epoch == 6
    world.clock.advance(0.2)
    await write(world, ["g-3"])
    told = await message(world, await world.http.get(SNAPSHOT))
    assert told.is_snapshot
    assert told.journal_id == (await head(world)).journal_id
    assert (told.to, [entry.seq for entry in told.entries]) == (5, [4, 5])


async def test_batches_have_no_gap_and_no_more_than_a_thousand_entries(world: World) -> None:
    await write(world, [f"g-{number}" for number in range(1, 2346)])
    seen: list[Any] = []
    after = 0
    while after < 2345:
        told = await message(world, await poll(world, after))
        assert not told.is_snapshot
        assert (told.first, told.head) == (after, 2345)
        seen += told.entries
        after = told.to
        assert len(told.entries) <= 1000
    assert [entry.seq for entry in seen] == list(range(1, 2346))
    assert len((await poll(world, 0)).content) < 1024 * 1024
    nothing = await message(world, await poll(world, 2345))
    assert (nothing.first, nothing.to, nothing.head, nothing.entries) == (2345, 2345, 2345, ())


async def test_batches_are_gapless_while_many_withdraw(world: World) -> None:
    """Whoever polls meanwhile has seen every lower number when it sees a higher one."""
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 60:
            told = await message(world, await poll(world, len(seen)))
            seen.extend(entry.seq for entry in told.entries)

    async with asyncio.timeout(60):
        await asyncio.gather(follow(), *(write(world, [f"g-{number}", f"h-{number}"]) for number in range(30)))
    assert seen == list(range(1, 61))


async def test_410_another_journal(world: World) -> None:
    await write(world, ["g-1", "g-2"])
    old = (await head(world)).journal_id
    assert (await poll(world, 1, old)).status_code == 200
    await restore(world, "restored", seq=1)
    for journal_id in (old, "never-was", "~" * 128):
        answer = await poll(world, 1, journal_id)
        assert (answer.status_code, answer.json()["error"]) == (410, "snapshot_required")
        assert answer.headers["cache-control"] == "no-store"
    assert (await poll(world, 1, "restored")).status_code == 200
    assert (await message(world, await world.http.get(SNAPSHOT))).journal_id == "restored"


async def test_410_a_number_that_has_not_been_given_out(world: World) -> None:
    await write(world, ["g-1"])
    assert [(await poll(world, after)).status_code for after in (0, 1, 2, 2**53 - 1)] == [200, 200, 410, 410]


async def test_410_an_entry_that_would_have_to_be_told_was_deleted(world: World) -> None:
    """In whatever order entries expire: those of tokens do so before older ones."""
    await write(world, [f"g-{number}" for number in range(1, 7)])
    await forget(world, 3)
    statuses = [(await poll(world, after)).status_code for after in range(7)]
    assert statuses == [410, 410, 410, 200, 200, 200, 200]
    await forget(world, 6)
    world.clock.advance(1)  # what was signed before may be given out for a second
    statuses = [(await poll(world, after)).status_code for after in range(7)]
    assert statuses == [410, 410, 410, 410, 410, 410, 200]
    told = await message(world, await world.http.get(SNAPSHOT))
    assert (told.to, [entry.seq for entry in told.entries]) == (6, [1, 2, 4, 5])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "after=0",
        "journal_id=J",
        "journal_id=&after=0",
        "journal_id=J&after=",
        "journal_id=J&after=0&after=0",
        "journal_id=J&journal_id=J&after=0",
        "journal_id=J&after=-1",
        "journal_id=J&after=01",
        "journal_id=J&after=1.0",
        "journal_id=J&after=+1",
        "journal_id=J&after=1e3",
        "journal_id=J&after=%D9%A1",
        "journal_id=J&after=0x1",
        f"journal_id=J&after={2**53}",
        f"journal_id=J&after={'9' * 5000}",
        "journal_id=a%20b&after=0",
        "journal_id=a%0Ab&after=0",
        "journal_id=%C3%A9&after=0",
        f"journal_id={'j' * 129}&after=0",
        "journal_id=%ZZ&after=0",
    ],
)
async def test_400_a_parameter_that_is_missing_repeated_or_malformed(world: World, query: str) -> None:
    answer = await world.http.get(f"{POLL}?{query.replace('=J', '=' + (await head(world)).journal_id)}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.headers["cache-control"] == "no-store"


async def test_everybody_gets_the_same_bytes_for_a_second_and_never_old_news(world: World) -> None:
    """A signature of ES256 is another one each time: the same bytes were signed once."""
    await write(world, ["g-1"])
    for path, kept in ((SNAPSHOT, 20), (PAGES, 20), (POLL, 1)):
        ask = partial(poll, world, 0) if path == POLL else partial(world.http.get, path)
        first, *others = await asyncio.gather(*(ask() for _ in range(8)))
        assert {answer.content for answer in others} == {first.content}
        world.clock.advance(kept - 0.1)
        assert (await ask()).content == first.content
        world.clock.advance(0.2)
        later = await ask()
        assert later.content != first.content
        await write(world, ["g-2"])
        assert (await message(world, await ask())).to == (await head(world)).seq
    told = await message(world, await poll(world, 1))
    assert [entry.digest for entry in told.entries] == [digest_bytes("grant", ISSUER, "g-2")] * 3


class GatedStore:
    """The store, whose reads wait until somebody opens."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reads = 0
        self.opened = asyncio.Event()

    async def read(self, job: Callable[[Connection], Any]) -> Any:
        self.reads += 1
        await self.opened.wait()
        return await self.store.read(job)


async def test_a_burst_of_news_makes_no_queue_of_snapshots(world: World) -> None:
    """Anybody may ask at each head; whoever waits for a turn is served by the first that was begun after they asked."""
    gated = GatedStore(world.issuer.store)
    feed = Feed(
        store=cast("Store", gated), keys=world.issuer.keys, settings=world.issuer.settings, clock=world.issuer.clock
    )
    asking = []
    for number in range(1, 21):
        await write(world, [f"g-{number}"])
        asking.append(asyncio.create_task(feed.snapshot(await head(world))))
        await asyncio.sleep(0)
    gated.opened.set()
    keys = await world.issuer.keys.public_jwks(purpose="feed")
    for number, text in enumerate(await asyncio.gather(*asking), start=1):
        told = read(split(text), KeySet.from_dict(keys), issuer=ISSUER, now=world.clock.now(), leeway=0.0)
        assert told.to >= number
    assert gated.reads <= 2


async def test_a_long_journal_is_read_a_page_at_a_time(world: World) -> None:
    """Between two statements the event loop is with others: PostgreSQL's rows are taken apart on it."""
    await write(world, [f"g-{number}" for number in range(2_500)])
    statements: list[str] = []

    def look(connection: Connection) -> list[Entry]:
        event.listen(connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
        return journal.unexpired(connection, now=world.clock.now())

    entries = await world.issuer.store.read(look)
    assert [entry.seq for entry in entries] == list(range(1, 2_501))
    assert len(statements) == 3


async def test_without_a_feed_key_nothing_is_told_until_the_next_rotation(world: World) -> None:
    await write(world, ["g-1"])
    for _ in range(2):
        kid = (await world.issuer.keys.signer("ES256", purpose="feed")).kid
        job = partial(withdraw.key, kid=kid, reason="leaked", actor=SYSTEM, now=world.clock.now())
        await world.issuer.store.write(job)
        await world.issuer.keys.refresh()
    for answer in (await world.http.get(SNAPSHOT), await poll(world, 0)):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    await world.issuer.keys.advance()
    assert (await message(world, await poll(world, 0))).to == 3, "what was withdrawn, and the two keys of the feed"


async def test_another_process_tells_the_same_journal(world: World, master_key: MasterKey) -> None:
    """The issuer is started again, or runs twice: numbers, journal and keys are in the store."""
    await write(world, ["g-1"])
    again = make_issuer(world.issuer.store, world.clock, master_key, Listener())
    async with client_of(create_app(again)) as http:
        await write(world, ["g-2"])
        params = {"journal_id": (await head(world)).journal_id, "after": "1"}
        told = await message(world, await http.get(POLL, params=params))
    again.passwords.close()
    assert [entry.digest for entry in told.entries] == [digest_bytes("grant", ISSUER, "g-2")]


async def test_a_machine_whose_clock_runs_ahead_leaves_nothing_out(world: World) -> None:
    """R48: what it took for expired would be missing in every mirror that its journal replaces."""
    await write(world, ["g-1"])
    ahead = SettableClock(world.clock.now() + 7200)
    issuer = world.issuer
    feed = Feed(
        store=issuer.store, keys=issuer.keys, settings=issuer.settings, clock=ahead, step_time=time_of(world.clock)
    )
    keys = KeySet.from_dict((await world.http.get(KEYS)).json())
    now = await head(world)
    for text in (await feed.snapshot(now), await feed.page(now, now.journal_id, 0)):
        told = read(split(text), keys, issuer=ISSUER, now=ahead.now(), leeway=0.0)
        assert [entry.digest for entry in told.entries] == [digest_bytes("grant", ISSUER, "g-1")]
