"""The login page (THREATS 3.5)."""

import re

import httpx2
import pytest
from tests.issuer.browsing import PASSWORD, Browser, browser_of, hidden_of, person, told_to_client
from tests.issuer.issuing import World

from watchword.store.repositories import users

pytestmark = pytest.mark.anyio

COOKIE = "watchword-session-8400"


@pytest.fixture
async def browser(world: World) -> Browser:
    await person(world)
    return Browser(world, world.http)


def without_secrets(page: httpx2.Response) -> str:
    """The page less what is new every time."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


async def test_the_page_has_what_the_conformance_suite_types_into(browser: Browser, world: World) -> None:
    """CONFORMANCE 5 and 4.4"""
    client = await world.client(name="The <b>Shop</b>")
    page = await browser.open(await browser.authorize(client, login_hint="bob@example.com"))
    assert page.url.path == "/login"
    for wanted in ('name="username"', 'name="password"', 'id="login-submit"', "Sign in", 'value="bob@example.com"'):
        assert wanted in page.text
    assert "<script" not in page.text
    assert "<b>Shop" not in page.text, "O11: a client's name is text"
    assert "app.example" in page.text, "O18: the host that the answer goes to"


async def test_chromium_lets_the_form_lead_to_the_client(browser: Browser, world: World) -> None:
    """``form-action`` is enforced on redirects after a form too, also on those that the client makes afterwards."""
    client = await world.client()
    page = await browser.open(await browser.authorize(client))
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]


async def test_every_wrong_answer_is_the_same_page(browser: Browser, world: World) -> None:
    """O50: unknown, disabled, without a password, wrong: same status, headers and body."""
    await person(world, "dora", status="disabled")
    await person(world, "nora", status="locked")
    pages = []
    for username, password in [
        ("bob", "wrong"),
        ("bab", PASSWORD),
        ("dora", PASSWORD),
        ("nora", PASSWORD),
        ("alice", PASSWORD),
        ("bob", PASSWORD + " "),
        ("bob", PASSWORD[:-1]),
        ("bob", PASSWORD.upper()),
        ("bob", "x" * 2000),
    ]:
        page = await browser.sign_in(await browser.http.get("/login"), username, password)
        pages.append(page)
        assert COOKIE not in page.headers.get("set-cookie", "")
    assert {page.status_code for page in pages} == {400}
    bodies = {re.sub(r'value="(bob|bab|dora|nora|alice)"', "", without_secrets(page)) for page in pages}
    assert len(bodies) == 1
    assert {tuple(sorted(page.headers)) for page in pages} == {tuple(sorted(pages[0].headers))}


async def test_names_are_found_in_any_case_and_composition(browser: Browser) -> None:
    for typed in ("BOB", " bob ", "Bob@Example.COM", "ｂｏｂ"):
        answer = await browser.sign_in(await browser.http.get("/login"), typed)
        assert answer.status_code == 303, typed


async def test_a_form_needs_its_token_its_browser_and_its_origin(browser: Browser, world: World) -> None:
    """O17: login CSRF."""
    page = await browser.http.get("/login")
    fields = {**hidden_of(page), "username": "bob", "password": PASSWORD}
    refused = [
        await browser.http.post("/login", data={**fields, "csrf_token": ""}),
        await browser.http.post("/login", data={**fields, "csrf_token": "A" * 43}),
        await browser.http.post("/login", data=fields, headers={"Origin": "https://evil.example"}),
        await browser.http.post("/login", data=fields, headers={"Origin": "null"}),
        await browser.http.post("/login", data=fields, headers={"Origin": "http://localhost:8401"}),
        await browser.http.post("/login", data=fields, headers={"Sec-Fetch-Site": "cross-site"}),
        await browser.http.post("/login", data=fields, headers={"Sec-Fetch-Site": "same-site"}),
        await browser.http.post("/login", data=fields, headers={"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
    ]
    async with browser_of(world) as other:
        refused.append(await other.http.post("/login", data=fields))
        await other.http.get("/login")
        refused.append(await other.http.post("/login", data=fields))
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert all(COOKIE not in answer.headers.get("set-cookie", "") for answer in refused)
    own = {"Origin": "http://localhost:8400", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.http.post("/login", data=fields, headers=own)).status_code == 303


async def test_a_page_without_referrer_posts_from_origin_null(browser: Browser) -> None:
    """A browser sends ``Origin: null`` with our own forms under ``no-referrer``, which an extension or a proxy may
    impose; it then vouches by Sec-Fetch-Site. Our own pages make it say the true origin.
    """
    page = await browser.http.get("/login")
    assert page.headers["referrer-policy"] == "same-origin"
    fields = {**hidden_of(page), "username": "bob", "password": PASSWORD}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.http.post("/login", data=fields, headers=headers)).status_code == 303


async def test_a_form_made_before_the_sign_in_is_dead_after_it(browser: Browser) -> None:
    """O17, O55: the token is bound to the session too."""
    page = await browser.http.get("/login")
    assert (await browser.sign_in(page)).status_code == 303
    assert (await browser.sign_in(page)).status_code == 403


async def test_the_session_cookie(browser: Browser) -> None:
    """O55, O56: new at every sign-in, out of reach of scripts, and the old one is dead."""
    first = await browser.sign_in(await browser.http.get("/login"))
    set_cookie = next(value for value in first.headers.get_list("set-cookie") if value.startswith(COOKIE))
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert attribute in set_cookie
    for attribute in ("Secure", "Domain", "Max-Age", "expires"):
        assert attribute not in set_cookie, "local mode; lasts as long as the browser runs"
    before = browser.http.cookies[COOKIE]
    await browser.sign_in_plainly()
    after = browser.http.cookies[COOKIE]
    assert before != after
    client = await browser.world.client()
    assert await browser.is_signed_in(client)
    browser.http.cookies.delete(COOKIE)
    browser.http.cookies.set(COOKIE, before)
    assert not await browser.is_signed_in(client)


async def test_a_chosen_session_id_is_never_taken_over(browser: Browser) -> None:
    """O55: session fixation."""
    browser.http.cookies.set(COOKIE, "wws_" + "f" * 43)
    page = await browser.http.get("/login")
    answer = await browser.sign_in(page)
    assert answer.status_code == 303
    assert f"{COOKIE}=wws_{'f' * 43}" not in answer.headers["set-cookie"]


async def test_malformed_cookies_count_as_absent(browser: Browser, world: World) -> None:
    """O56"""
    client = await world.client()
    await browser.sign_in_plainly()
    good = browser.http.cookies[COOKIE]
    async with browser_of(world) as other:
        for cookie in (
            f"{COOKIE}=x",
            f"{COOKIE}={good}; {COOKIE}={good}",
            f"{COOKIE}={good[:-1]}",
            f"{COOKIE}={good}\u00e9",
            f'{COOKIE}="{good}"',
            f"{COOKIE}={'a' * 8000}",
            f"__Host-watchword-session={good}",
        ):
            told = told_to_client(
                await other.http.get(
                    "/authorize",
                    params=_silent(client.id),
                    headers=[(b"Cookie", cookie.encode("latin-1"))],
                )
            )
            assert told["error"] == "login_required", cookie


def _silent(client_id: str) -> dict[str, str]:
    return {
        "client_id": client_id,
        "redirect_uri": "https://app.example/callback",
        "response_type": "code",
        "scope": "openid",
        "prompt": "none",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }


async def test_five_wrong_guesses_and_then_a_pause(browser: Browser, world: World) -> None:
    """O51: a soft block that ends; the page says when, for users who do not exist as well."""
    for username in ("bob", "nobody"):
        for _ in range(5):
            page = await browser.sign_in(await browser.http.get("/login"), username, "wrong")
            assert page.status_code == 400
        page = await browser.sign_in(await browser.http.get("/login"), username, PASSWORD)
        assert page.status_code == 429
        assert page.headers["retry-after"] == "30"
        assert "30 seconds" in page.text
    world.clock.advance(31)
    assert (await browser.sign_in(await browser.http.get("/login"), "bob")).status_code == 303


async def test_the_own_browser_is_known_again(browser: Browser, world: World) -> None:
    """O51: guesses from the same address do not keep a user out of the browser they have used before."""
    await browser.sign_in_plainly()
    async with browser_of(world) as other:
        for _ in range(6):
            page = await other.sign_in(await other.http.get("/login"), "bob", "wrong")
        assert page.status_code == 429
    await browser.sign_in_plainly()
    device = next(c for c in browser.http.cookies.jar if c.name == "watchword-device-8400")
    assert device.has_nonstandard_attr("HttpOnly")


async def test_the_address_is_not_what_the_guesser_says(browser: Browser) -> None:
    """O51: no proxy is trusted here, so the header is not read."""
    for number in range(5):
        page = await browser.http.get("/login")
        fields = {**hidden_of(page), "username": "bob", "password": "wrong"}
        await browser.http.post("/login", data=fields, headers={"X-Forwarded-For": f"203.0.113.{number}"})
    page = await browser.http.get("/login")
    fields = {**hidden_of(page), "username": "bob", "password": PASSWORD}
    answer = await browser.http.post("/login", data=fields, headers={"X-Forwarded-For": "203.0.113.77"})
    assert answer.status_code == 429


async def test_a_flow_belongs_to_one_browser_and_has_an_end(browser: Browser, world: World) -> None:
    """O14, O17"""
    client = await world.client()
    first = await browser.authorize(client)
    location = first.headers["location"]
    async with browser_of(world) as other:
        await other.http.get("/login")
        assert (await other.http.get(location)).status_code == 400
    page = await browser.http.get(location)
    assert page.status_code == 200
    for tampered in ("wwf_" + "a" * 43, "x", hidden_of(page)["flow"] + "a", "é"):
        answer = await browser.submit(page, flow=tampered, username="bob", password=PASSWORD)
        assert answer.status_code == 400
        assert COOKIE not in answer.headers.get("set-cookie", "")
    world.clock.advance(world.issuer.settings.interaction_lifetime)
    assert (await browser.sign_in(page)).status_code == 400


async def test_a_request_is_answered_once(browser: Browser, world: World) -> None:
    """O14: the flow cannot be used for a second code."""
    client = await world.client()
    page = await browser.open(await browser.authorize(client))
    assert "code" in told_to_client(await browser.sign_in(page))
    assert (await browser.http.get("/login", params={"flow": hidden_of(page)["flow"]})).status_code == 400
    assert (await browser.http.get("/consent", params={"flow": hidden_of(page)["flow"]})).status_code == 400


async def test_a_client_disabled_meanwhile_goes_no_further(browser: Browser, world: World) -> None:
    """O14: every step judges the request anew."""
    from dataclasses import replace

    from watchword.store.repositories import clients

    client = await world.client()
    page = await browser.open(await browser.authorize(client))
    await world.issuer.store.write(lambda connection: clients.update(connection, replace(client, status="disabled")))
    answer = await browser.sign_in(page)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_parameters_are_read_strictly(browser: Browser) -> None:
    """O10"""
    page = await browser.http.get("/login")
    fields = hidden_of(page)
    body = f"csrf_token={fields['csrf_token']}&username=bob&username=alice&password=x"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await browser.http.post("/login", content=body, headers=headers)).status_code == 400
    assert (await browser.http.post("/login", json={"username": "bob"})).status_code == 400
    assert (await browser.http.post("/login", files={"username": b"bob"})).status_code == 400


async def test_a_disabled_user_is_signed_out_at_once(browser: Browser, world: World) -> None:
    client = await world.client()
    await browser.sign_in_plainly()
    bob = await world.issuer.store.read(lambda connection: users.find_by_identifier(connection, "bob"))
    assert bob is not None
    await world.issuer.store.write(lambda connection: users.set_status(connection, bob.id, "disabled"))
    assert not await browser.is_signed_in(client)


async def test_a_session_ends_by_idleness_and_by_age(browser: Browser, world: World) -> None:
    """ASVS 7.3; time is the clock's."""
    client, settings = await world.client(), world.issuer.settings
    await browser.sign_in_plainly()
    for _ in range(5):
        world.clock.advance(settings.session_idle - 1)
        assert await browser.is_signed_in(client)
    world.clock.advance(settings.session_idle)
    assert not await browser.is_signed_in(client)
    await browser.sign_in_plainly()
    for _ in range(settings.session_lifetime // 3600 - 1):
        world.clock.advance(3600)
        assert await browser.is_signed_in(client)
    world.clock.advance(3600)
    assert not await browser.is_signed_in(client)


async def test_another_user_takes_the_browser_over(browser: Browser, world: World) -> None:
    """O55: the first user's session ends with everything that hangs on it; the second gets their own."""
    client = await world.client()
    await person(world, "carol")
    await browser.sign_in_plainly("bob")
    code = told_to_client(await browser.authorize(client))["code"]
    tokens = (await world.redeem(client, code)).json()
    assert await world.is_active(client, tokens["access_token"])
    await browser.sign_in_plainly("carol")
    assert not await world.is_active(client, tokens["access_token"])
    assert (await world.refresh(client, tokens["refresh_token"])).status_code == 400


async def test_signing_in_again_keeps_what_other_clients_have(browser: Browser, world: World) -> None:
    """``prompt=login`` of one client does not sign the same user out of another."""
    client, other = await world.client(), await world.client()
    await browser.sign_in_plainly()
    code = told_to_client(await browser.authorize(other))["code"]
    tokens = (await world.redeem(other, code)).json()
    page = await browser.open(await browser.authorize(client, prompt="login"))
    assert "code" in told_to_client(await browser.sign_in(page))
    assert (await world.refresh(other, tokens["refresh_token"])).status_code == 200
