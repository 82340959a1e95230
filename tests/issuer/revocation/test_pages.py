"""A journal that no message holds: docs/protocol/revocation.md, "Pages"; THREATS R43."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from tests.issuer.issuing import ISSUER, World
from tests.issuer.revocation.journal_rows import forget, head, restore, write
from tests.issuer.revocation.serving import served
from tests.issuer.revocation.test_feed import message
from tests.verify.revocation.readers import WatchedReader, marks, reading, verdict

from watchword.issuer.revocation import feed
from watchword.jose import Key, KeySet, jwt
from watchword.oauth.revocation import MAX_PAGE_ENTRIES
from watchword.verify.revocation.message import MAX_MESSAGE_BYTES, Message
from watchword.verify.revocation.mirror import Assembly, Mirror

pytestmark = pytest.mark.anyio

PAGES, SNAPSHOT = "/revocation/pages", "/revocation/snapshot"


async def page(world: World, after: int | None = None, journal_id: str | None = None) -> httpx2.Response:
    if after is None:
        return await world.http.get(PAGES)
    journal_id = (await head(world)).journal_id if journal_id is None else journal_id
    return await world.http.get(PAGES, params={"journal_id": journal_id, "after": after})


async def all_pages(world: World) -> list[Message]:
    pages = [await message(world, await page(world))]
    while pages[-1].to < pages[-1].head:
        pages.append(await message(world, await page(world, pages[-1].to)))
    return pages


async def test_they_tell_everything_a_little_at_a_time(world: World) -> None:
    last = await write(world, [f"g-{number}" for number in range(2 * MAX_PAGE_ENTRIES + 500)])
    await forget(world, 2, 3, MAX_PAGE_ENTRIES, last - 1)
    pages = await all_pages(world)
    assert [len(one.entries) for one in pages] == [MAX_PAGE_ENTRIES, MAX_PAGE_ENTRIES, 496]
    assert [one.first for one in pages] == [0, *(one.to for one in pages[:-1])]
    assert pages[-1].to == pages[-1].head == last
    numbers = [entry.seq for one in pages for entry in one.entries]
    assert numbers == [n for n in range(1, last + 1) if n not in {2, 3, MAX_PAGE_ENTRIES, last - 1}]
    answer = await page(world)
    assert len(answer.content) < MAX_MESSAGE_BYTES
    assert answer.headers["cache-control"] == "public, max-age=1"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_pages_make_the_mirror_that_a_snapshot_makes(world: World) -> None:
    await write(world, [f"g-{number}" for number in range(MAX_PAGE_ENTRIES + 5)])
    await write(world, ["u-1"], kind="subject", epoch=5)
    world.clock.advance(300)
    await write(world, ["u-1"], kind="subject", epoch=6)
    await forget(world, 1, 7)
    whole, paged = Mirror(), Mirror()
    whole.take(await message(world, await world.http.get(SNAPSHOT)), now=world.clock.now())
    pages = Assembly()
    for one in await all_pages(world):
        pages.add(one)
    assert pages.is_whole
    paged.take(pages, now=world.clock.now())
    assert (paged.told(), paged.seq, paged.journal_id) == (whole.told(), whole.seq, whole.journal_id)


async def test_expired_entries_are_in_none(world: World) -> None:
    await write(world, ["g-1"])
    world.clock.advance(601)
    await write(world, ["g-2"])
    (only,) = await all_pages(world)
    assert [entry.seq for entry in only.entries] == [2]
    world.clock.advance(601)
    await write(world, [])
    last = await message(world, await page(world, 1))
    assert (last.first, last.to, last.head, last.entries) == (1, 2, 2, ())


async def test_the_largest_page_there_can_be_fits() -> None:
    """Every number as long as it may be."""
    row = [2**53 - 1, "subject", "A" * 22, 2**53 - 1, 2**53 - 1]
    claims = {
        "iss": "https://" + "i" * 200, "iat": 253402300799, "exp": 253402300799, "ver": 1, "type": "page",
        "journal_id": "j" * 128,
        "from": 2**53, "to": 2**53, "head": 2**53, "entries": [row] * MAX_PAGE_ENTRIES,
    }  # fmt: skip
    assert len(jwt.encode(claims, Key.generate("ES256"), typ="watchword-journal+jwt")) < MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"journal_id": "another", "after": "0"}, 410),
        ({"journal_id": "own", "after": "2"}, 410),
        ({"journal_id": "own"}, 400),
        ({"after": "0"}, 400),
        ({"journal_id": "own", "after": "-1"}, 400),
        ({"journal_id": "own", "after": "01"}, 400),
    ],
)
async def test_where_there_is_no_such_page(world: World, query: dict[str, str], status: int) -> None:
    await write(world, ["g-1"])
    own = (await head(world)).journal_id
    asked = {name: own if value == "own" else value for name, value in query.items()}
    answer = await world.http.get(PAGES, params=asked)
    assert answer.status_code == status
    assert answer.json()["error"] == ("snapshot_required" if status == 410 else "invalid_request")


async def test_a_snapshot_that_would_be_too_long_is_found_out_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_SNAPSHOT_ENTRIES", 20)
    await write(world, [f"g-{number}" for number in range(20)])
    assert (await world.http.get(SNAPSHOT)).status_code == 200
    await write(world, ["g-20"])
    made = world.issuer.feed._begun
    for _ in range(5):
        answer = await world.http.get(SNAPSHOT)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert answer.json()["error"] == "snapshot_too_long"
    assert world.issuer.feed._begun == made + 1
    assert len((await all_pages(world))[0].entries) == 21
    world.clock.advance(601)
    assert (await message(world, await world.http.get(SNAPSHOT))).entries == (), (
        "when they have expired it is told again"
    )


async def test_whoever_is_far_behind_is_not_led_through_everything_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_BEHIND", 10)
    await write(world, [f"g-{number}" for number in range(11)])
    own = (await head(world)).journal_id
    statuses = [
        (await world.http.get("/revocation/poll", params={"journal_id": own, "after": after})).status_code
        for after in (0, 1)
    ]
    assert statuses == [410, 200]


@asynccontextmanager
async def polling(world: World) -> AsyncIterator[tuple[WatchedReader, list[str]]]:
    """The SDK's reader at this issuer, and what it asked for."""
    async with served(world) as issuer:
        asked: list[str] = []
        with reading(issuer, mode="poll") as reader:
            await to_thread(verdict, reader, marks(issuer, gid="none"))
            await to_thread(reader.rests)
            fetch = reader.run.mirroring.feed.page

            def page_and_tell(journal_id: str | None, after: int) -> Message:
                asked.append(f"{'own' if journal_id else 'any'}:{after}")
                return fetch(journal_id, after)

            reader.run.mirroring.feed.page = page_and_tell  # type: ignore[method-assign]
            yield reader, asked
            await to_thread(reader.close)


async def test_a_reader_that_missed_pruned_entries_asks_only_for_what_is_new(world: World) -> None:
    await write(world, ["g-1", "g-2"])
    async with polling(world) as (reader, asked):
        await write(world, [f"h-{number}" for number in range(MAX_PAGE_ENTRIES + 5)])
        await forget(world, 5)
        world.clock.advance(5)
        reader.wake()
        await to_thread(reader.knows, MAX_PAGE_ENTRIES + 7)
        assert asked == ["own:2", f"own:{MAX_PAGE_ENTRIES + 3}"]
        assert reader.status().entries == MAX_PAGE_ENTRIES + 6
        assert reader.status().last_error is None


async def test_a_reader_of_a_journal_that_was_restored_asks_for_everything(world: World) -> None:
    await write(world, ["g-1", "g-2"])
    async with polling(world) as (reader, asked):
        world.clock.advance(5)
        await restore(world, "restored", seq=1)
        reader.wake()
        await to_thread(reader.wait_until, lambda: reader.status().journal_id == "restored")
        assert asked == ["own:2", "any:0"]
        assert (reader.status().seq, reader.status().entries) == (1, 1)


async def test_a_message_of_a_page_is_signed_like_any_other(world: World) -> None:
    await write(world, ["g-1"])
    keys = KeySet.from_dict((await world.http.get("/revocation/jwks")).json())
    signed = jwt.decode((await page(world)).text, keys, algorithms=("ES256",), typ="watchword-journal+jwt")
    assert (signed["iss"], signed["type"], signed["ver"]) == (ISSUER, "page", 1)
