"""What is left behind is removed."""

import pytest
from sqlalchemy import Connection, func, select
from tests.issuer.browsing import Browser
from tests.issuer.issuing import World

from watchword.issuer.housekeeping import tidy
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
