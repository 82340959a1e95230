"""What is left behind is removed."""

import asyncio
import logging
import time

import pytest
from sqlalchemy import Connection, func, select
from tests.issuer.browsing import Browser
from tests.issuer.issuing import World
from tests.issuer.revocation.journal_rows import head, write

from watchword.issuer import housekeeping
from watchword.issuer.housekeeping import BATCH, MAX_SKEW, keep_tidy, prune, tidy
from watchword.store.repositories import journal
from watchword.store.tables import authorization_requests, login_throttle

pytestmark = pytest.mark.anyio


def rows(connection: Connection) -> tuple[int, int]:
    counts = [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (authorization_requests, login_throttle)
    ]
    return counts[0], counts[1]


async def test_expired_rows_go_and_others_stay(world: World) -> None:
    browser = Browser(world, world.http)
    page = await browser.open(await browser.authorize(await world.client()))
    await browser.sign_in(page, "nobody", "wrong")
    await tidy(world.issuer)
    assert await world.issuer.store.read(rows) == (1, 3)
    world.clock.advance(world.issuer.settings.interaction_lifetime + 1)
    await tidy(world.issuer)
    assert await world.issuer.store.read(rows) == (0, 3)
    world.clock.advance(1800)
    await tidy(world.issuer)
    assert await world.issuer.store.read(rows) == (0, 0)


async def numbers(world: World) -> list[int]:
    """Of the entries that the journal holds."""
    return [entry.seq for entry in await world.issuer.store.read(lambda here: journal.after(here, 0, limit=1000))]


async def test_entries_that_can_hit_no_token_leave_the_journal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several transactions for many; the head stays, a snapshot says the same, and who is behind asks for one."""
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    await write(world, ["a", "b", "c"])
    world.clock.advance(300)
    await write(world, ["d", "e"])
    before = await head(world)
    path = f"/revocation/poll?journal_id={before.journal_id}"
    assert (await world.http.get(f"{path}&after=1")).status_code == 200
    world.clock.advance(300 + MAX_SKEW)
    await tidy(world.issuer)
    assert await numbers(world) == [1, 2, 3, 4, 5], "as long as the last token that it could hit, by the slowest clock"
    world.clock.advance(1)
    await tidy(world.issuer)
    assert await numbers(world) == [4, 5]
    assert await head(world) == before
    assert (await world.http.get(f"{path}&after=1")).status_code == 410
    assert (await world.http.get(f"{path}&after=3")).status_code == 200
    assert await write(world, ["f"]) == 6
    world.clock.advance(601 + MAX_SKEW)
    await tidy(world.issuer)
    assert await numbers(world) == []
    assert await write(world, ["g"]) == 7


async def test_several_processes_prune_beside_those_that_withdraw(world: World) -> None:
    await write(world, [f"g-{number}" for number in range(BATCH + 500)])
    world.clock.advance(601 + MAX_SKEW)
    pruning = [prune(world.issuer.store, now=world.clock.now()) for _ in range(3)]
    await asyncio.gather(*pruning, *(write(world, [f"h-{number}"]) for number in range(10)))
    assert await numbers(world) == list(range(BATCH + 501, BATCH + 511))


async def test_r46_nothing_is_removed_by_a_clock_that_is_wrong(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(housekeeping, "INTERVAL", 0.01)
    await write(world, ["a"])
    world.clock.jump(time.time() + 3600 - world.clock.now())
    with caplog.at_level(logging.WARNING, "watchword.housekeeping"):
        keeping = asyncio.create_task(keep_tidy(world.issuer))
        async with asyncio.timeout(60):
            while "differ too much" not in caplog.text:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)
        assert await numbers(world) == [1]
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
