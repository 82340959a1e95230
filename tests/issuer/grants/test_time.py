"""The last instant, and a clock that goes back: what was marked stays marked (R47, O26)."""

import pytest
from tests.issuer.issuing import World

pytestmark = pytest.mark.anyio

HOUR = 3600.0


async def test_what_ends_at_an_instant_is_not_good_at_it(world: World) -> None:
    """``exp`` is the first instant at which a token is refused (RFC 7519 section 4.1.4), and so is every limit."""
    settings = world.issuer.settings
    client = await world.client()
    body, early, late = await world.sign_in(client), await world.code(client), await world.code(client)
    world.clock.advance(settings.code_lifetime - 0.001)
    assert (await world.redeem(client, early)).status_code == 200
    world.clock.advance(0.001)
    assert (await world.redeem(client, late)).json()["error"] == "invalid_grant"
    world.clock.advance(settings.access_token_lifetime - settings.code_lifetime - 0.001)
    assert await world.is_active(client, body["access_token"])
    world.clock.advance(0.001)
    assert not await world.is_active(client, body["access_token"])
    world.clock.advance(settings.refresh_idle - settings.access_token_lifetime)
    assert not await world.is_active(client, body["refresh_token"])
    assert (await world.refresh(client, body["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("jump", [-HOUR, -24 * HOUR])
async def test_r47_used_stays_used_when_the_clock_goes_back(world: World, jump: float) -> None:
    for client in (await world.client(), await world.public_client()):
        code = await world.code(client)
        body = (await world.redeem(client, code)).json()
        newer = (await world.refresh(client, body["refresh_token"])).json()
        world.clock.jump(jump)
        replayed = await world.refresh(client, body["refresh_token"])
        assert replayed.json()["error"] == "invalid_grant"
        assert (await world.refresh(client, newer["refresh_token"])).json()["error"] == "invalid_grant"
        code = await world.code(client)
        body = (await world.redeem(client, code)).json()
        world.clock.jump(jump)
        assert (await world.redeem(client, code)).json()["error"] == "invalid_grant"
        assert (await world.refresh(client, body["refresh_token"])).json()["error"] == "invalid_grant"


async def test_r47_revoked_stays_revoked_when_the_clock_goes_back(world: World) -> None:
    client = await world.client()
    body, other = await world.sign_in(client), await world.sign_in(client)
    assert (await world.post("/revoke", client, {"token": body["access_token"]})).status_code == 200
    assert (await world.post("/revoke", client, {"token": other["refresh_token"]})).status_code == 200
    world.clock.jump(-HOUR)
    assert not await world.is_active(client, body["access_token"])
    assert not await world.is_active(client, other["access_token"])
    assert (await world.refresh(client, other["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.refresh(client, body["refresh_token"])).status_code == 200, "signing goes on"
