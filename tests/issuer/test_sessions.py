"""Sessions that must not begin (THREATS O55)."""

from functools import partial

import pytest
from tests.issuer.browsing import Browser, person, told_to_client
from tests.issuer.issuing import World

from watchword.authn.attempt import SignIn
from watchword.store.repositories import users

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("meanwhile", ["password", "disabled"])
async def test_nothing_begins_with_a_proof_that_was_undone(
    world: World, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """O55: the password is changed between its being found right and the session: that session would outlive it."""
    bob = await person(world)
    browser = Browser(world, world.http)
    attempt = SignIn.with_password

    async def slowly(self: SignIn, **given: str) -> object:
        outcome = await attempt(self, **given)
        if meanwhile == "password":
            job = partial(users.set_password, user_id=bob.id, password_hash="another", now=world.clock.now())
            await world.issuer.store.write(job)
        else:
            await world.issuer.store.write(lambda connection: users.set_status(connection, bob.id, "disabled"))
        return outcome

    monkeypatch.setattr(SignIn, "with_password", slowly)
    page = await browser.open(await browser.authorize(await world.client()))
    answer = await browser.sign_in(page)
    assert answer.status_code == 400
    assert "watchword-session" not in answer.headers.get("set-cookie", "")
    told = told_to_client(await browser.authorize(await world.client(), prompt="none"))
    assert told["error"] == "login_required"


@pytest.mark.parametrize("away", ["a moment", "too long"])
async def test_another_user_ends_the_first_ones_session_however_old(world: World, away: str) -> None:
    """O55: an idle session opens nothing, but what hangs on it would go on being refreshed."""
    client = await world.client()
    await person(world, "bob")
    await person(world, "carol")
    browser = Browser(world, world.http)
    await browser.sign_in_plainly("bob")
    code = told_to_client(await browser.authorize(client))["code"]
    tokens = (await world.redeem(client, code)).json()
    world.clock.advance(1 if away == "a moment" else world.issuer.settings.session_idle)
    await browser.sign_in_plainly("carol")
    assert (await world.refresh(client, tokens["refresh_token"])).status_code == 400
    assert await browser.is_signed_in(client)
