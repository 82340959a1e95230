"""What is left behind is removed, and nothing else; THREATS R46."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, func, select
from tests.issuer.browsing import Browser
from tests.issuer.issuing import World
from tests.issuer.revocation.journal_rows import head, write

from watchword.clock import SettableClock
from watchword.issuer import housekeeping
from watchword.issuer.housekeeping import TOLERANCE
from watchword.issuer.keys.step_time import time_of
from watchword.issuer.revocation.pruning import AT_ONCE, prune
from watchword.store.repositories import journal
from watchword.store.tables import authorization_requests, login_throttle

pytestmark = pytest.mark.anyio

LIFE = 600.5  # seconds: of what `write` puts into the journal


async def tidy(world: World) -> None:
    assert await housekeeping.tidy(world.issuer, database_clock=time_of(world.clock))


def rows(connection: Connection) -> tuple[int, int]:
    counts = [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (authorization_requests, login_throttle)
    ]
    return counts[0], counts[1]


async def numbers(world: World) -> list[int]:
    entries = await world.issuer.store.read(partial(journal.after, seq=0, limit=10_000))
    return [entry.seq for entry in entries]


async def test_expired_rows_go_and_others_stay(world: World) -> None:
    browser = Browser(world, world.http)
    page = await browser.open(await browser.authorize(await world.client()))
    await browser.sign_in(page, "nobody", "wrong")
    await tidy(world)
    assert await world.issuer.store.read(rows) == (1, 3)
    world.clock.advance(world.issuer.settings.interaction_lifetime + 1)
    await tidy(world)
    assert await world.issuer.store.read(rows) == (0, 3)
    world.clock.advance(1800)
    await tidy(world)
    assert await world.issuer.store.read(rows) == (0, 0)


async def test_the_journal_keeps_its_head_and_what_may_still_refuse(world: World) -> None:
    await write(world, ["g-1", "g-2"])
    world.clock.advance(300)
    await write(world, ["g-3"])
    world.clock.advance(LIFE - 300 + TOLERANCE)
    await tidy(world)
    assert await numbers(world) == [1, 2, 3], "as long as the clocks may differ"
    world.clock.advance(1)
    await tidy(world)
    assert await numbers(world) == [3]
    world.clock.advance(300)
    before = await head(world)
    await tidy(world)
    assert await numbers(world) == []
    assert await head(world) == before
    assert await write(world, ["g-4"]) == 4


@pytest.mark.parametrize("jump", [3600.0, 10 * 365 * 86_400.0, -3600.0])
async def test_r46_a_clock_that_has_jumped_removes_nothing(world: World, jump: float) -> None:
    await write(world, ["g-1"])
    await Browser(world, world.http).open(await Browser(world, world.http).authorize(await world.client()))
    database = SettableClock(world.clock.now())
    world.clock.jump(jump)
    assert not await housekeeping.tidy(world.issuer, database_clock=time_of(database))
    assert await numbers(world) == [1]
    assert (await world.issuer.store.read(rows))[0] == 1


async def test_r46_between_the_two_clocks_the_earlier_counts(world: World) -> None:
    await write(world, ["g-1"])
    expires = world.clock.now() + LIFE
    for here, there, left in ((1, 0, 1), (0, 1, 1), (1, 1, 0)):
        world.clock.jump(expires + TOLERANCE + here - world.clock.now())
        database = SettableClock(expires + TOLERANCE + there)
        assert await housekeeping.tidy(world.issuer, database_clock=time_of(database))
        assert len(await numbers(world)) == left


async def test_several_processes_prune_beside_one_that_withdraws(world: World) -> None:
    await write(world, [f"g-{number}" for number in range(AT_ONCE + 500)])
    world.clock.advance(LIFE + 1)
    store = world.issuer.store
    pruned = await asyncio.gather(
        *(prune(store, before=world.clock.now()) for _ in range(3)), *(write(world, [f"h-{n}"]) for n in range(10))
    )
    assert sum(pruned[:3]) == AT_ONCE + 500
    assert await numbers(world) == list(range(AT_ONCE + 501, AT_ONCE + 511))


async def test_the_databases_own_clock_is_asked(world: World) -> None:
    """The clock of these tests stands; the database's does not."""
    await write(world, ["g-1"])
    assert not await housekeeping.tidy(world.issuer)
