"""RP-initiated logout (CONFORMANCE 5.4, THREATS O06, O17)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.issuer.browsing import Browser, browser_of, person, told_to_client
from tests.issuer.issuing import World

from watchword.store.repositories import clients
from watchword.store.repositories.clients import Client

pytestmark = pytest.mark.anyio

AFTER = "https://app.example/signed-out"


@pytest.fixture
async def client(world: World) -> Client:
    return await world.client(post_logout_redirect_uris=(AFTER, AFTER + "?a=b"))


@pytest.fixture
async def browser(world: World) -> Browser:
    await person(world)
    browser = Browser(world, world.http)
    await browser.sign_in_plainly()
    return browser


async def tokens_of(browser: Browser, client: Client, **changes: Any) -> dict[str, Any]:
    code = told_to_client(await browser.authorize(client, **changes))["code"]
    return dict((await browser.world.redeem(client, code)).json())


async def test_a_hint_signs_out_at_once(browser: Browser, client: Client, world: World) -> None:
    """The session, its cookie, its refresh tokens and its access tokens."""
    tokens = await tokens_of(browser, client)
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s 1&"}
    answer = await browser.http.get("/end_session", params=query)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{AFTER}?state=s+1%26"
    assert "watchword-session-8400" not in browser.http.cookies
    assert not await browser.is_signed_in(client)
    assert not await world.is_active(client, tokens["access_token"])
    assert (await world.refresh(client, tokens["refresh_token"])).status_code == 400


async def test_the_cookie_is_dead_and_not_just_gone(browser: Browser, client: Client) -> None:
    """O55: a copy of the cookie opens nothing after logout."""
    copy = browser.http.cookies["watchword-session-8400"]
    tokens = await tokens_of(browser, client)
    await browser.http.get("/end_session", params={"id_token_hint": tokens["id_token"]})
    browser.http.cookies.set("watchword-session-8400", copy)
    assert not await browser.is_signed_in(client)


async def test_offline_grants_live_on(browser: Browser, client: Client, world: World) -> None:
    """ARCHITECTURE: logout revokes the session's grants that lack ``offline_access``."""
    page = await browser.open(await browser.authorize(client, scope="openid offline_access"))
    code = told_to_client(await browser.submit(page, decision="allow"))["code"]
    offline = (await world.redeem(client, code)).json()
    online = await tokens_of(browser, client)
    await browser.http.get("/end_session", params={"id_token_hint": online["id_token"]})
    assert (await world.refresh(client, online["refresh_token"])).status_code == 400
    assert (await world.refresh(client, offline["refresh_token"])).status_code == 200


async def test_a_post_from_another_site_comes_back_by_get(browser: Browser, client: Client, world: World) -> None:
    """No Lax cookie comes with it; the hint does not get into an address (O80)."""
    tokens = await tokens_of(browser, client)
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER}
    async with browser_of(world) as without_cookies:
        parked = await without_cookies.http.post("/end_session", data=form)
    assert parked.headers["location"].startswith("/end_session?flow=")
    assert tokens["id_token"] not in parked.headers["location"]
    assert await browser.is_signed_in(client)
    assert (await browser.open(parked)).headers["location"] == AFTER
    assert not await browser.is_signed_in(client)


@pytest.mark.parametrize("query", [{}, {"state": "s"}, {"client_id": None}])
async def test_without_a_hint_the_user_is_asked(browser: Browser, client: Client, query: dict[str, Any]) -> None:
    """O17: an image on another page signs nobody out."""
    asked = {name: value or client.id for name, value in query.items()}
    page = await browser.open(await browser.http.get("/end_session", params=asked))
    assert page.url.path == "/logout"
    assert 'id="logout-yes"' in page.text
    assert await browser.is_signed_in(client)
    answer = await browser.submit(page)
    assert answer.headers["location"] == "/logged-out"
    assert "signed out" in (await browser.open(answer)).text
    assert not await browser.is_signed_in(client)


async def test_a_client_without_a_hint_gets_its_redirect_after_the_question(browser: Browser, client: Client) -> None:
    query = {"client_id": client.id, "post_logout_redirect_uri": AFTER, "state": "x"}
    page = await browser.open(await browser.http.get("/end_session", params=query))
    assert client.name in page.text
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    assert (await browser.submit(page)).headers["location"] == f"{AFTER}?state=x"


async def test_a_hint_about_another_user_is_only_a_hint(browser: Browser, client: Client, world: World) -> None:
    """O17: a token of alice's does not sign bob out without a word."""
    alices = (await world.sign_in(client))["id_token"]
    page = await browser.open(await browser.http.get("/end_session", params={"id_token_hint": alices}))
    assert page.url.path == "/logout"
    assert await browser.is_signed_in(client)


async def test_who_is_not_signed_in_is_sent_on(browser: Browser, client: Client, world: World) -> None:
    tokens = await tokens_of(browser, client)
    async with browser_of(world) as other:
        query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER}
        assert (await other.http.get("/end_session", params=query)).headers["location"] == AFTER
        assert (await other.http.get("/end_session")).headers["location"] == "/logged-out"
        assert (await other.http.get("/logout")).headers["location"] == "/logged-out"
    assert await browser.is_signed_in(client)


async def test_an_expired_hint_still_counts(browser: Browser, client: Client, world: World) -> None:
    tokens = await tokens_of(browser, client)
    world.clock.advance(3600)
    answer = await browser.http.get("/end_session", params={"id_token_hint": tokens["id_token"]})
    assert answer.headers["location"] == "/logged-out"
    assert not await browser.is_signed_in(client)


async def test_bad_requests_are_pages_and_sign_nobody_out(browser: Browser, client: Client, world: World) -> None:
    """CONFORMANCE 5.4: bad or modified hint, unregistered or altered redirect; O06: a table of open redirects."""
    other = await world.client(post_logout_redirect_uris=("https://other.example/",))
    tokens = await tokens_of(browser, client)
    hint = tokens["id_token"]
    bad: list[dict[str, Any]] = [
        {"id_token_hint": "bad"},
        {"id_token_hint": hint[:-6] + "AAAAAA"},
        {"id_token_hint": tokens["access_token"]},
        {"id_token_hint": hint, "client_id": other.id},
        {"client_id": "nobody"},
        {"post_logout_redirect_uri": AFTER},
        {"id_token_hint": hint, "post_logout_redirect_uri": "https://other.example/"},
        {"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "s" * 5000},
    ]
    bad += [
        {"id_token_hint": hint, "post_logout_redirect_uri": uri}
        for uri in (
            AFTER + "/",
            AFTER + "?foo=bar",
            AFTER + "?a=b&foo=bar",
            AFTER + "#x",
            AFTER.upper(),
            "//evil.example",
            "/\\evil.example",
            "/logged-out",
            "javascript:alert(1)",
            "https://app.example@evil.example/signed-out",
            "https://app.example.evil.example/signed-out",
        )
    ]
    for query in bad:
        for answer in (
            await browser.http.get("/end_session", params=query),
            await browser.http.post("/end_session", data=query),
        ):
            assert answer.status_code == 400, query
            assert "error" in answer.text.casefold()
            assert "location" not in answer.headers
    assert (await browser.http.get("/end_session?state=a&state=b")).status_code == 400
    assert await browser.is_signed_in(client)


async def test_the_logout_form_needs_its_token_and_its_browser(browser: Browser, client: Client, world: World) -> None:
    """O17, O14"""
    page = await browser.open(await browser.http.get("/end_session"))
    assert (await browser.submit(page, csrf_token="A" * 43)).status_code == 403
    assert (await browser.submit(page, flow="wwf_" + "a" * 43)).status_code == 400
    async with browser_of(world) as other:
        await other.sign_in_plainly()
        assert (await other.http.get(f"/logout?{page.url.query.decode()}")).status_code == 400
    assert await browser.is_signed_in(client)
    page = await browser.http.get("/logout")
    assert (await browser.submit(page)).headers["location"] == "/logged-out"
    assert not await browser.is_signed_in(client)


async def test_an_id_of_one_kind_is_none_of_the_other(browser: Browser, client: Client) -> None:
    """O23"""
    login = (await browser.authorize(client, prompt="login")).headers["location"].partition("?")[2]
    logout = (await browser.http.get("/end_session")).headers["location"].partition("?")[2]
    for path in (f"/login?{logout}", f"/consent?{logout}", f"/authorize?{logout}", f"/logout?{login}"):
        assert (await browser.http.get(path)).status_code == 400, path


@pytest.mark.parametrize("changes", [{"status": "disabled"}, {"post_logout_redirect_uris": ("https://app.example/",)}])
async def test_an_address_taken_back_meanwhile_is_not_gone_to(
    browser: Browser, client: Client, world: World, changes: dict[str, Any]
) -> None:
    """O06: signing out goes on, and ends here."""
    query = {"client_id": client.id, "post_logout_redirect_uri": AFTER}
    page = await browser.open(await browser.http.get("/end_session", params=query))
    posted = await browser.http.post("/end_session", data=query)
    changed = replace(client, **changes)
    await world.issuer.store.write(lambda connection: clients.update(connection, changed))
    assert (await browser.submit(page)).headers["location"] == "/logged-out"
    assert (await browser.open(posted)).url.path == "/logged-out"
