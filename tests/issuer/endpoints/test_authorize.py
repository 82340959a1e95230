"""The authorization endpoint, driven as a browser drives it (THREATS 3.1, CONFORMANCE 5.2)."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from tests.issuer.browsing import Browser, browser_of, person, request_of, told_to_client
from tests.issuer.issuing import ISSUER, ORDERS, REDIRECT, World

from watchword.store.tables import authorization_requests

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(world: World) -> Browser:
    await person(world)
    return Browser(world, world.http)


async def test_a_person_signs_in_and_the_client_gets_its_code(browser: Browser, world: World) -> None:
    client = await world.client()
    first = await browser.authorize(client, nonce="n-7", resource=ORDERS, scope="openid orders:read")
    assert first.status_code == 303
    assert first.headers["location"].startswith("/login?flow=")
    page = await browser.open(first)
    assert 'id="login-submit"' in page.text
    told = told_to_client(await browser.sign_in(page))
    assert told.keys() == {"code", "iss", "state"}
    assert told["iss"] == ISSUER
    assert told["state"] == "st-1"
    answer = await world.redeem(client, told["code"])
    claims = await world.claims_of(answer.json()["id_token"], typ="JWT")
    assert claims["nonce"] == "n-7"
    assert claims["auth_time"] == int(world.clock.now())
    assert claims["acr"] == "urn:watchword:acr:password"
    access = await world.claims_of(answer.json()["access_token"])
    assert access["scope"] == "orders:read"
    assert access["aud"] == ORDERS


async def test_who_is_signed_in_is_not_asked_again(browser: Browser, world: World) -> None:
    client = await world.client()
    await browser.sign_in_plainly()
    assert "code" in told_to_client(await browser.authorize(client))
    assert "code" in told_to_client(await browser.authorize(client, prompt="none"))


async def test_a_posted_request_comes_back_by_get(browser: Browser, world: World) -> None:
    """A cross-site POST carries no Lax cookie: it is stored and the browser comes back by GET."""
    client = await world.client()
    await browser.sign_in_plainly()
    async with browser_of(world) as without_cookies:
        parked = await without_cookies.http.post("/authorize", data=request_of(client))
    assert parked.status_code == 303
    assert parked.headers["location"].startswith("/authorize?flow=")
    assert "set-cookie" not in parked.headers
    assert "code" in told_to_client(await browser.open(parked))


async def test_a_posted_request_has_no_query(browser: Browser, world: World) -> None:
    """O10: one parameter, one place."""
    client = await world.client()
    answer = await browser.http.post("/authorize", params={"state": "x"}, data=request_of(client))
    assert answer.status_code == 400


async def test_other_methods_are_refused(browser: Browser) -> None:
    """O10: no verb but GET and POST does anything."""
    for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
        for path in ("/authorize", "/login", "/consent", "/logout", "/end_session"):
            assert (await browser.http.request(method, path)).status_code == 405


async def test_every_parameter_may_come_once(browser: Browser, world: World) -> None:
    """O10"""
    client = await world.client()
    pairs = [*request_of(client, prompt="login", unknown="x").items()]
    for pair in pairs:
        query = httpx2.QueryParams([*pairs, pair])
        for answer in (
            await browser.http.get("/authorize", params=query),
            await browser.http.post("/authorize", content=str(query), headers=_FORM),
        ):
            assert answer.status_code == 400
            assert "location" not in answer.headers
            assert "error" in answer.text.casefold()


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


UNSAFE: list[Any] = [
    {"client_id": None},
    {"client_id": "nobody"},
    {"redirect_uri": None},
    {"redirect_uri": "https://evil.example/callback"},
    {"redirect_uri": "https://evil.example/callback", "response_type": "token"},
    {"redirect_uri": "https://evil.example/callback", "scope": "\x7f"},
    {"redirect_uri": "https://evil.example/callback", "prompt": "none"},
    {"state": "s" * 5000},
]


async def test_without_a_safe_address_the_error_is_a_page(browser: Browser, world: World) -> None:
    """O02, O03: the page stays at /authorize, and nothing of the request is in it."""
    client = await world.client()
    for changes in UNSAFE:
        answer = await browser.authorize(client, **changes)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert answer.headers["content-type"].startswith("text/html")
        assert "error" in answer.text.casefold()
        assert "evil.example" not in answer.text
        assert answer.headers["x-correlation-id"] in answer.text


async def test_a_disabled_client_gets_a_page(browser: Browser, world: World) -> None:
    client = await world.client(status="disabled")
    assert (await browser.authorize(client)).status_code == 400


async def test_oauth_may_leave_the_only_redirect_uri_out(browser: Browser, world: World) -> None:
    """RFC 6749 section 3.1.2.3; with ``openid`` it must be sent."""
    client = await world.client()
    told = told_to_client(
        await browser.authorize(client, redirect_uri=None, scope="orders:read", prompt="none", resource=ORDERS)
    )
    assert told["error"] == "login_required"
    several = await world.client(redirect_uris=(REDIRECT, REDIRECT + "2"))
    answer = await browser.authorize(several, redirect_uri=None, scope="orders:read", resource=ORDERS)
    assert answer.status_code == 400


ERRORS: list[Any] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "Code"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": "a" * 42}, "invalid_request"),
    ({"code_challenge": "a" * 44}, "invalid_request"),
    ({"code_challenge": "+" * 43}, "invalid_request"),
    ({"scope": "openid unheard-of"}, "invalid_scope"),
    ({"scope": "openid stock:read", "resource": ORDERS}, "invalid_scope"),
    ({"scope": "openid orders:read"}, "invalid_scope"),
    ({"scope": 'openid "'}, "invalid_scope"),
    ({"resource": "https://nobody.example"}, "invalid_target"),
    ({"resource": "orders"}, "invalid_target"),
    ({"resource": ORDERS + "#part"}, "invalid_target"),
    ({"resource": ORDERS + "/"}, "invalid_target"),
    ({"nonce": "n" * 2000}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "1e3"}, "invalid_request"),
    ({"id_token_hint": "rubbish"}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": '{"userinfo": 7}'}, "invalid_request"),
    ({"claims": '{"userinfo": {"name": 7}}'}, "invalid_request"),
    ({"claims": "[" * 4000}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none"}, "login_required"),
]


async def test_errors_go_to_the_client_with_iss_and_state(browser: Browser, world: World) -> None:
    """O07 (RFC 9207), O09, O13, RFC 8707, and the codes of RFC 6749 and OpenID Connect Core."""
    client = await world.client()
    for changes, error in ERRORS:
        told = told_to_client(await browser.authorize(client, **changes))
        assert told["error"] == error, changes
        assert told["iss"] == ISSUER
        assert told["state"] == "st-1"
        assert told.keys() == {"error", "error_description", "iss", "state"}
        assert told["error_description"].isascii()
        assert '"' not in told["error_description"]


async def test_a_client_without_the_grant_is_told_so(browser: Browser, world: World) -> None:
    client = await world.client(grant_types=("client_credentials",))
    assert told_to_client(await browser.authorize(client))["error"] == "unauthorized_client"


async def test_only_confidential_oidc_clients_may_omit_pkce(browser: Browser, world: World) -> None:
    """O09, ARCHITECTURE "Profiles"."""
    without = {"code_challenge": None, "code_challenge_method": None, "prompt": "none"}
    oidc = await world.client(profile="oidc")
    assert told_to_client(await browser.authorize(oidc, **without))["error"] == "login_required"
    half = {**without, "code_challenge_method": "S256"}
    assert told_to_client(await browser.authorize(oidc, **half))["error"] == "invalid_request"
    public = await world.public_client(profile="oidc")
    assert told_to_client(await browser.authorize(public, **without))["error"] == "invalid_request"


TOLERATED: list[Any] = [
    {"acr_values": "gold silver"},
    {"display": "popup", "ui_locales": "se", "claims_locales": "se"},
    {"extra": "foobar"},
    {"login_hint": "bob"},
    {"claims": '{"userinfo": {"name": {"essential": true}, "email": null}, "other": 1}'},
    {"state": None},
    {"state": "x" * 4000},
    {"state": "a&b=c d/ü"},
    {"nonce": "n" * 1000},
    {"response_mode": "query"},
    {"max_age": "10000"},
    {"scope": None},
    {"scope": "openid  profile openid"},
    {"resource": ISSUER},
    {"resource": [ORDERS, "https://stock.example"], "scope": "openid orders:read"},
]


async def test_what_is_tolerated(browser: Browser, world: World) -> None:
    """CONFORMANCE 5.2; O08: ``state`` comes back unchanged."""
    client = await world.client()
    await browser.sign_in_plainly()
    for changes in TOLERATED:
        told = told_to_client(await browser.authorize(client, **changes))
        assert "code" in told, changes
        assert told.get("state") == changes.get("state", "st-1")


async def test_the_default_api_stands_in_for_a_missing_resource(browser: Browser, world: World) -> None:
    client = await world.client(default_api=ORDERS)
    await browser.sign_in_plainly()
    told = told_to_client(await browser.authorize(client, scope="openid orders:read"))
    answer = await world.redeem(client, told["code"])
    assert (await world.claims_of(answer.json()["access_token"]))["aud"] == ORDERS


async def test_prompt_login_asks_again_and_auth_time_moves(browser: Browser, world: World) -> None:
    """CONFORMANCE 5.2; O51 lets the second sign-in through. The clock stands still at the second request: a sign-in
    is told from an earlier one by its cookie, not by its time.
    """
    client = await world.client()
    await browser.sign_in_plainly()
    page = await browser.open(await browser.authorize(client, prompt="login"))
    assert 'id="login-submit"' in page.text
    world.clock.advance(5)
    told = told_to_client(await browser.sign_in(page))
    answer = await world.redeem(client, told["code"])
    claims = await world.claims_of(answer.json()["id_token"], typ="JWT")
    assert claims["auth_time"] == int(world.clock.now())


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
async def test_a_demanded_login_cannot_be_skipped(browser: Browser, world: World, changes: dict[str, str]) -> None:
    """O58: the consent page, asked for directly, sends whoever has not signed in anew back to the login page."""
    client = await world.client()
    await browser.sign_in_plainly()
    first = await browser.authorize(client, **changes)
    flow = first.headers["location"].partition("?")[2]
    answer = await browser.http.get(f"/consent?{flow}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?flow=")


async def test_max_age(browser: Browser, world: World) -> None:
    client = await world.client()
    await browser.sign_in_plainly()
    world.clock.advance(20)
    assert "code" in told_to_client(await browser.authorize(client, max_age="30"))
    assert told_to_client(await browser.authorize(client, max_age="10", prompt="none"))["error"] == "login_required"
    page = await browser.open(await browser.authorize(client, max_age="10"))
    world.clock.advance(60)
    assert "code" in told_to_client(await browser.sign_in(page))


async def test_the_user_who_reads_slowly_is_not_sent_back_to_login(browser: Browser, world: World) -> None:
    """``max_age`` is judged when the request comes."""
    client = await world.client()
    page = await browser.open(await browser.authorize(client, max_age="1", prompt="consent"))
    consent = await browser.open(await browser.sign_in(page))
    assert 'id="consent-allow"' in consent.text
    world.clock.advance(100)
    assert "code" in told_to_client(await browser.submit(consent, decision="allow"))


async def test_an_id_token_hint_names_the_user(browser: Browser, world: World) -> None:
    client = await world.client()
    alices = (await world.sign_in(client))["id_token"]
    await browser.sign_in_plainly("bob")
    told = told_to_client(await browser.authorize(client, id_token_hint=alices, prompt="none"))
    assert told["error"] == "login_required"
    code = told_to_client(await browser.authorize(client))["code"]
    bobs = (await world.redeem(client, code)).json()["id_token"]
    world.clock.advance(3600)
    told = told_to_client(await browser.authorize(client, id_token_hint=bobs, prompt="none"))
    assert "code" in told, "an expired hint is still a hint"
    page = await browser.open(await browser.authorize(client, id_token_hint=alices))
    told = told_to_client(await browser.sign_in(page, "bob"))
    assert told["error"] == "login_required", "the wrong user signed in"


async def test_hints_must_be_id_tokens_of_ours_for_this_client(browser: Browser, world: World) -> None:
    client, other = await world.client(), await world.client()
    tokens = await world.sign_in(client)
    altered = tokens["id_token"][:-6] + "AAAAAA"
    for hint in (tokens["access_token"], altered, (await world.sign_in(other))["id_token"]):
        told = told_to_client(await browser.authorize(client, id_token_hint=hint))
        assert told["error"] == "invalid_request"


async def test_no_token_is_kept_with_a_request_that_waits(browser: Browser, world: World) -> None:
    """O80: of a hint, the user it names is kept, also across a posted request."""
    client = await world.client()
    alices = (await world.sign_in(client))["id_token"]
    await browser.sign_in_plainly("bob")
    parked = await browser.http.post("/authorize", data=request_of(client, id_token_hint=alices))
    page = await browser.open(parked)
    assert 'id="login-submit"' in page.text, "bob is not whom the client asked for"
    stored = await world.issuer.store.read(
        lambda connection: connection.execute(select(authorization_requests.c.parameters)).scalars().all()
    )
    assert len(stored) == 2
    assert alices not in str(stored)
    assert told_to_client(await browser.sign_in(page, "bob"))["error"] == "login_required"


async def test_a_retired_key_still_checks_hints_and_a_compromised_one_never(browser: Browser, world: World) -> None:
    """ARCHITECTURE "Keys"."""
    from functools import partial

    from watchword.issuer.revocation import withdraw
    from watchword.store.repositories.audit import SYSTEM

    client = await world.client()
    hint = (await world.sign_in(client))["id_token"]
    kid = (await world.issuer.keys.signer("RS256")).kid
    assert kid is not None
    told = told_to_client(await browser.authorize(client, id_token_hint=hint, prompt="none"))
    assert told["error"] == "login_required"
    await world.issuer.store.write(partial(withdraw.key, kid=kid, reason="test", actor=SYSTEM, now=world.clock.now()))
    await world.issuer.keys.refresh()
    told = told_to_client(await browser.authorize(client, id_token_hint=hint, prompt="none"))
    assert told["error"] == "invalid_request"


async def test_answers_are_not_cached_and_not_framed(browser: Browser, world: World) -> None:
    """O12, O69"""
    client = await world.client()
    first = await browser.authorize(client)
    page = await browser.open(first)
    for answer in (first, page, await browser.authorize(client, prompt="none")):
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
