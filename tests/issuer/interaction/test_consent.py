"""The consent page (THREATS O16 to O18)."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.issuer.browsing import Browser, action_of, browser_of, hidden_of, person, told_to_client
from tests.issuer.issuing import ISSUER, ORDERS, World

from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, audit, consents
from watchword.store.repositories.apis import Api, Scope

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(world: World) -> Browser:
    await person(world)
    browser = Browser(world, world.http)
    await browser.sign_in_plainly()
    return browser


# origin, public, scope, prompt, allowed before, is asked
WHO_IS_ASKED: list[tuple[str, bool, str, str | None, str | None, bool]] = [
    ("operator", False, "openid", None, None, False),
    ("operator", True, "openid orders:read", None, None, False),
    ("operator", False, "openid", "consent", None, True),
    ("operator", False, "openid offline_access", None, None, True),
    ("operator", True, "openid offline_access", None, None, True),
    ("operator", False, "openid offline_access", None, "openid offline_access", False),
    ("operator", False, "openid offline_access", None, "openid", True),
    ("operator", False, "openid offline_access", "consent", "openid offline_access", True),
    ("dynamic", False, "openid", None, None, True),
    ("dynamic", False, "openid", None, "openid profile", False),
    ("dynamic", False, "openid orders:read", None, "openid", True),
    ("dynamic", True, "openid", None, "openid", True),
    ("document", True, "openid", None, "openid", True),
]


async def test_who_is_asked(browser: Browser, world: World) -> None:
    """O16: the matrix of client, scope and what was allowed before."""
    for origin, public, scope, prompt, before, asks in WHO_IS_ASKED:
        changes: dict[str, Any] = {"auth_method": "none", "secret_hash": None} if public else {}
        client = await world.client(origin=origin, **changes)
        if before is not None:
            page = await browser.open(await browser.authorize(client, scope=before, prompt="consent", resource=ORDERS))
            assert "code" in told_to_client(await browser.submit(page, decision="allow"))
        answer = await browser.authorize(client, scope=scope, prompt=prompt, resource=ORDERS)
        assert answer.headers["location"].startswith("/consent?flow=") == asks, (origin, public, scope, prompt, before)
        if prompt is None:
            silent = told_to_client(await browser.authorize(client, scope=scope, prompt="none", resource=ORDERS))
            assert silent.get("error") == ("consent_required" if asks else None)


async def test_the_page_says_who_asks_for_what(browser: Browser, world: World) -> None:
    """O11, O18, CONFORMANCE 5"""
    client = await world.client(origin="dynamic", name='"><script>alert(1)</script>')
    page = await browser.open(
        await browser.authorize(client, scope="openid profile orders:read offline_access", resource=ORDERS)
    )
    assert page.url.path == "/consent"
    for wanted in ('id="consent-allow"', 'id="consent-deny"', "See orders", "Orders", "app.example", "bob"):
        assert wanted in page.text, wanted
    assert "Nobody here has checked this application" in page.text
    assert "while you are away" in page.text
    assert "<script" not in page.text
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]


async def test_allowing_is_recorded_and_denying_is_not(browser: Browser, world: World) -> None:
    client = await world.client(origin="dynamic")
    page = await browser.open(await browser.authorize(client))
    told = told_to_client(await browser.submit(page, decision="deny"))
    assert told["error"] == "access_denied"
    assert (told["iss"], told["state"]) == (ISSUER, "st-1")
    assert (await browser.submit(page, decision="allow")).status_code == 400, "a request is answered once"
    page = await browser.open(await browser.authorize(client, scope="openid email", resource=ORDERS))
    assert "code" in told_to_client(await browser.submit(page, decision="allow"))
    entries = await world.issuer.store.read(lambda connection: audit.latest(connection, limit=20))
    given = [entry for entry in entries if entry.action == "consent.given"]
    assert [entry.details["scopes"] for entry in given] == [["openid", "email"]]
    assert given[0].actor.kind == "user"
    stored = await world.issuer.store.read(lambda connection: consents.find(connection, given[0].target_id, client.id))
    assert stored is not None
    assert (stored.scopes, stored.resources) == (("email", "openid"), (ORDERS,))


async def test_the_form_cannot_widen_what_was_shown(browser: Browser, world: World) -> None:
    """O14, O16: hidden fields carry an id and nothing else."""
    client = await world.client(origin="dynamic")
    page = await browser.open(await browser.authorize(client))
    assert hidden_of(page).keys() == {"csrf_token", "flow"}
    told = told_to_client(await browser.submit(page, decision="allow", scope="openid email", client_id="x"))
    tokens = (await world.redeem(client, told["code"])).json()
    assert tokens["scope"].split() == ["openid"]


async def test_a_form_needs_its_token_its_user_and_its_origin(browser: Browser, world: World) -> None:
    """O17"""
    client = await world.client(origin="dynamic")
    page = await browser.open(await browser.authorize(client))
    fields = {**hidden_of(page), "decision": "allow"}
    for changes, headers in (
        ({"csrf_token": "A" * 43}, {}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        answer = await browser.http.post("/consent", data={**fields, **changes}, headers=headers)
        assert answer.status_code == 403
    assert (await browser.submit(page, decision="perhaps")).status_code == 400
    assert (await browser.submit(page)).status_code == 400
    async with browser_of(world) as other:
        await other.sign_in_plainly()
        assert (await other.http.post(action_of(page), data=fields)).status_code == 400


async def test_what_one_user_was_asked_another_cannot_answer(browser: Browser, world: World) -> None:
    """O16, O17: the page was shown to bob; carol has signed in since."""
    client = await world.client(origin="dynamic")
    await person(world, "carol")
    page = await browser.open(await browser.authorize(client))
    await browser.sign_in_plainly("carol")
    assert (await browser.submit(page, decision="allow")).status_code == 403


async def test_without_a_session_the_login_page_comes_first(browser: Browser, world: World) -> None:
    client = await world.client(origin="dynamic")
    first = await browser.authorize(client)
    world.clock.advance(60)
    browser.http.cookies.delete("watchword-session-8400")
    answer = await browser.http.get(first.headers["location"])
    assert answer.headers["location"].startswith("/login?flow=")
    consent = await browser.open(await browser.sign_in(await browser.open(answer)))
    assert 'id="consent-allow"' in consent.text
    assert "code" in told_to_client(await browser.submit(consent, decision="allow"))


async def test_a_guessed_page_shows_nothing(browser: Browser) -> None:
    """O16 (Dex CVE-2022-39222)"""
    for path in ("/consent", "/consent?flow=wwf_" + "a" * 43, "/consent?flow=a&flow=b"):
        assert (await browser.http.get(path)).status_code == 400


async def test_a_scope_allowed_at_one_api_is_asked_for_at_another(browser: Browser, world: World) -> None:
    """O16: two APIs may call different powers by one name."""
    books = replace(
        await api_of(world, ORDERS),
        id=new_id(),
        identifier="https://books.example",
        name="Books",
        scopes=(Scope("orders:read", "Read every book"), Scope("orders:write", "Burn books")),
    )
    await world.issuer.store.write(partial(apis.create, api=books))
    client = await world.client(origin="dynamic")
    for scope, resource in (("orders:write", ORDERS), ("orders:read", books.identifier)):
        page = await browser.open(await browser.authorize(client, scope=scope, resource=resource))
        assert "code" in told_to_client(await browser.submit(page, decision="allow"))
    page = await browser.open(await browser.authorize(client, scope="orders:write", resource=books.identifier))
    assert "Burn books" in page.text
    again = await browser.authorize(client, scope="orders:read", resource=books.identifier)
    assert "code" in told_to_client(again), "what was allowed there is not asked for again"


async def api_of(world: World, identifier: str) -> Api:
    api = await world.issuer.store.read(lambda connection: apis.find(connection, identifier))
    assert api is not None
    return api
