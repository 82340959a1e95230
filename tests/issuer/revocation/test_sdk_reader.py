"""The SDK's own reader on this issuer's feed: pushed, polled, on demand, over a restart and over a restore (R42)."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.issuer.issuing import SECRET, World
from tests.issuer.revocation.journal_rows import forget, restore, write
from tests.issuer.revocation.serving import Served, served
from tests.issuer.revocation.test_events import credentials
from tests.verify.revocation.readers import WatchedReader, marks, reading, verdict

from watchword.verify.credentials import ResourceCredentials

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def reader_of(issuer: Served, **settings: Any) -> AsyncIterator[WatchedReader]:
    with reading(issuer, **settings) as reader:
        yield reader
        await to_thread(reader.close)


async def says(reader: WatchedReader, issuer: Served, **claims: str) -> str:
    """The verdict on a token, asked for in a thread as a service would."""
    return await to_thread(verdict, reader, marks(issuer, **claims))


async def test_pushed(world: World) -> None:
    await write(world, ["w-1"])
    async with served(world) as issuer, reader_of(issuer, mode="push") as reader:
        assert await says(reader, issuer, gid="w-1") == "grant"
        await issuer.streams_are(1)
        await write(world, ["w-2"])
        await to_thread(reader.knows, 2)
        assert await says(reader, issuer, gid="w-2") == "grant"
        assert reader.status().mode == "push"
        await write(world, ["u-2"], kind="subject", epoch=6)
        await to_thread(reader.knows, 3)
        assert await says(reader, issuer, sub="u-2") == "subject"
        assert await says(reader, issuer, gid="g-3") == "good"


@pytest.mark.parametrize("mode", ["auto", "push"])
async def test_where_push_is_switched_off_it_is_polled(world: World, mode: str) -> None:
    """`revocation.push = false`: the stream is not offered, so nobody asks for it, with or without credentials."""
    await write(world, ["g-1"])
    async with served(world, push=False) as issuer:
        async with reader_of(issuer, mode=mode, credentials=await credentials(world)) as reader:
            assert await says(reader, issuer, gid="g-1") == "grant"
            assert reader.status().mode == "poll"
            await write(world, ["g-2"])
            world.clock.advance(5)
            reader.wake()
            await to_thread(reader.knows, 2)
            assert await says(reader, issuer, gid="g-2") == "grant"
            assert (reader.status().mode, reader.status().last_error) == ("poll", None)
        assert len(issuer.streams) == 0


async def test_pushed_with_the_credentials_of_an_api(world: World) -> None:
    async with served(world, local=False) as issuer:
        async with reader_of(issuer, mode="auto", credentials=await credentials(world)) as reader:
            assert await says(reader, issuer) == "good"
            await issuer.streams_are(1)
            await write(world, ["g-1"])
            await to_thread(reader.knows, 1)
            assert reader.status().mode == "push"
        wrong = ResourceCredentials("nobody", SECRET)
        async with reader_of(issuer, mode="auto", credentials=wrong) as reader:
            assert await says(reader, issuer, gid="g-1") == "grant", "polled: that needs no credentials"
            await to_thread(reader.wait_until, lambda: reader.status().mode == "poll")
            assert len(issuer.streams) == 0


async def test_polled(world: World) -> None:
    await write(world, ["g-1"])
    async with served(world, local=False) as issuer, reader_of(issuer, mode="poll") as reader:
        assert await says(reader, issuer, gid="g-1") == "grant"
        await to_thread(reader.rests)
        await write(world, [f"h-{number}" for number in range(1500)])
        world.clock.advance(5)
        reader.wake()
        await to_thread(reader.knows, 1501)
        assert await says(reader, issuer, gid="h-1499") == "grant"
        assert (reader.status().mode, reader.status().stale, reader.status().last_error) == ("poll", False, None)


async def test_on_demand(world: World) -> None:
    async with served(world) as issuer, reader_of(issuer, mode="on_demand", on_stale="reject") as reader:
        assert await says(reader, issuer, gid="g-1") == "good"
        await write(world, ["g-1"])
        world.clock.advance(5)
        assert await says(reader, issuer, gid="g-1") == "grant"


async def test_the_issuer_is_started_again(world: World) -> None:
    """The reader connects again by itself and misses nothing of what happened meanwhile."""
    async with served(world) as first:
        port = first.port
        with reading(first, mode="push") as reader:
            assert await says(reader, first) == "good"
            await first.streams_are(1)
            await write(world, ["g-1"])
            await to_thread(reader.knows, 1)
            first.server.should_exit = True
            await first.streams_are(0)
            await write(world, ["g-2"])
            await first.task
            async with served(world, port=port) as second:
                await to_thread(reader.knows, 2)
                await second.streams_are(1)
                await write(world, ["g-3"])
                await to_thread(reader.knows, 3)
                assert await says(reader, second, gid="g-2") == "grant"
                await to_thread(reader.close)


async def test_a_restored_journal_replaces_the_mirror(world: World) -> None:
    await write(world, ["g-1", "g-2"])
    async with served(world) as issuer, reader_of(issuer, mode="push") as reader:
        assert await says(reader, issuer, gid="g-2") == "grant"
        await issuer.streams_are(1)
        world.clock.advance(2)  # a snapshot of another journal is believed if it is newer
        await restore(world, "restored", seq=1)
        await to_thread(reader.wait_until, lambda: reader.status().journal_id == "restored")
        assert reader.status().seq == 1
        assert await says(reader, issuer, gid="g-1") == "grant"
        assert await says(reader, issuer, gid="g-2") == "good"


async def test_what_was_deleted_as_expired_is_made_up_for_by_a_snapshot(world: World) -> None:
    async with served(world) as issuer, reader_of(issuer, mode="poll") as reader:
        assert await says(reader, issuer) == "good"
        await to_thread(reader.rests)
        await write(world, ["g-1", "g-2", "g-3"])
        await forget(world, 2)
        world.clock.advance(5)
        reader.wake()
        await to_thread(reader.knows, 3)
        assert await says(reader, issuer, gid="g-3") == "grant"
        assert reader.status().entries == 2
