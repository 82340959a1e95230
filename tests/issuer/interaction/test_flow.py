"""What becomes of an authorization request between its arrival and its answer (THREATS O14, O16, O58, R52)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests.issuer.browsing import Browser, browser_of, hidden_of, person, request_of, told_to_client
from tests.issuer.issuing import ORDERS, STOCK, World

from watchword.issuer.checks.draft import Draft
from watchword.issuer.interaction.flow import KEPT
from watchword.issuer.pipeline import judge
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import clients, users
from watchword.store.repositories.clients import Client
from watchword.store.tables import authorization_requests

pytestmark = pytest.mark.anyio

COOKIE = "watchword-session-8400"


@pytest.fixture
async def browser(world: World) -> Browser:
    await person(world)
    return Browser(world, world.http)


class Reading(Parameters):
    """Remembers which parameters were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__({name: (value,) for name, value in values.items()})
        self.read: set[str] = set()

    def get(self, name: str) -> str | None:
        self.read.add(name)
        return super().get(name)

    def all(self, name: str) -> tuple[str, ...]:
        self.read.add(name)
        return super().all(name)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)


async def test_what_is_judged_anew_is_kept(world: World) -> None:
    """O14: no rule misses at the second judgement what it saw at the first."""
    parameters = Reading(request_of(await world.client()))
    await judge(Draft(world.issuer, parameters, world.clock.now()))
    assert parameters.read - {"id_token_hint", "request", "request_uri", "registration"} == KEPT


async def test_a_stranger_fills_no_rows(browser: Browser, world: World) -> None:
    """R52, O80: what nobody asked for is not kept: neither sixty kilobytes of it nor a secret."""
    form = request_of(
        await world.client(),
        client_secret="hush",
        id_token_hint=None,
        access_token="hush",
        extra="x" * 40_000,
        login_hint="y" * 10_000,
    )
    assert (await browser.http.post("/authorize", data=form)).status_code == 303
    assert (await browser.authorize(await world.client(), extra="x" * 1000)).status_code == 303
    told = told_to_client(await browser.authorize(await world.client(), prompt="login " * 50))
    assert told["error"] == "invalid_request"
    rows = await world.issuer.store.read(
        lambda connection: connection.execute(select(authorization_requests.c.parameters)).scalars().all()
    )
    assert len(rows) == 2
    assert max(len(json.dumps(row)) for row in rows) < 1000
    assert "hush" not in json.dumps(list(rows))


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
@pytest.mark.parametrize("withheld", ["absent", "another", "twice"])
async def test_a_cookie_kept_back_for_a_moment_proves_nothing(
    browser: Browser, world: World, changes: dict[str, str], withheld: str
) -> None:
    """O56, O58: the sign-in demanded must come after the request, whatever cookie came with the request."""
    client = await world.client()
    await browser.sign_in_plainly()
    world.clock.advance(1)
    session = browser.http.cookies[COOKIE]
    browser.http.cookies.delete(COOKIE)
    cookies = {
        "absent": "",
        "another": f"{COOKIE}=wws_{'a' * 43}",
        "twice": f"{COOKIE}={session}; {COOKIE}={session}",
    }[withheld]
    rest = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)
    first = await browser.http.get(
        "/authorize", params=request_of(client, **changes), headers={"Cookie": f"{rest}; {cookies}"}
    )
    browser.http.cookies.set(COOKIE, session)
    answer = await browser.http.get(first.headers["location"].replace("/login", "/consent"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?flow=")
    assert "code" in told_to_client(await browser.sign_in(await browser.open(answer)))


async def change(world: World, client: Client, **changes: Any) -> None:
    await world.issuer.store.write(lambda connection: clients.update(connection, replace(client, **changes)))


@pytest.mark.parametrize("by_post", [False, True])
async def test_what_the_user_read_is_what_is_granted(browser: Browser, world: World, by_post: bool) -> None:
    """O16: another default API, set while the user reads, does not get what they allow."""
    client = await world.client(origin="dynamic", default_api=ORDERS)
    await browser.sign_in_plainly()
    if by_post:
        answer = await browser.http.post("/authorize", data=request_of(client))
    else:
        answer = await browser.authorize(client)
    page = await browser.open(answer)
    assert "At Orders it may" in page.text
    await change(world, client, default_api=STOCK)
    code = told_to_client(await browser.submit(page, decision="allow"))["code"]
    tokens = (await world.redeem(client, code)).json()
    assert (await world.claims_of(tokens["access_token"]))["aud"] == ORDERS


async def test_a_scope_taken_back_meanwhile_is_not_granted(browser: Browser, world: World) -> None:
    """O16: what is allowed is judged again when the user answers."""
    client = await world.client(origin="dynamic")
    await browser.sign_in_plainly()
    page = await browser.open(await browser.authorize(client, scope="openid email"))
    await change(world, client, scopes=("openid",))
    assert told_to_client(await browser.submit(page, decision="allow"))["error"] == "invalid_scope"


async def test_the_subject_that_claims_name_is_the_only_one(browser: Browser, world: World) -> None:
    """OpenID Connect Core 3.1.2.2: a value for ``sub`` is never answered about somebody else."""
    client = await world.client()
    await person(world, "carol")
    await browser.sign_in_plainly("carol")
    bob = await world.issuer.store.read(lambda connection: users.find_by_identifier(connection, "bob"))
    assert bob is not None
    claims = json.dumps({"id_token": {"sub": {"value": bob.id}}})
    silent = told_to_client(await browser.authorize(client, claims=claims, prompt="none"))
    assert silent["error"] == "login_required"
    page = await browser.open(await browser.authorize(client, claims=claims))
    assert page.url.path == "/login"
    assert told_to_client(await browser.sign_in(page, "carol"))["error"] == "login_required"
    page = await browser.open(await browser.authorize(client, claims=claims))
    code = told_to_client(await browser.sign_in(page, "bob"))["code"]
    tokens = (await world.redeem(client, code)).json()
    assert (await world.claims_of(tokens["id_token"], typ="JWT"))["sub"] == bob.id
    hinted = await browser.authorize(
        client, id_token_hint=tokens["id_token"], claims='{"id_token":{"sub":{"value":"somebody"}}}'
    )
    assert told_to_client(hinted)["error"] == "invalid_request"
    text = await browser.authorize(client, claims='{"id_token":{"sub":{"value":7}}}')
    assert told_to_client(text)["error"] == "invalid_request"


WISHES = ["NaN", "-Infinity", "1e999", '"\\u0000"', '"\\ud800"', "[" * 1900 + "]" * 1900, "9" * 4000]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish[:9])
async def test_no_wish_breaks_the_database(browser: Browser, world: World, wish: str) -> None:
    """O10: numbers that JSON does not have and PostgreSQL does not take, and depth that nothing can write."""
    client = await world.client()
    await browser.sign_in_plainly()
    told = told_to_client(await browser.authorize(client, claims=f'{{"userinfo":{{"name":{{"value":{wish}}}}}}}'))
    # How deep a text Python reads depends on the release and on who calls; either answer is a clear one.
    assert "code" in told or (told["error"] == "invalid_request" and wish.startswith("["))


async def test_an_unknown_parameter_is_no_flow(browser: Browser, world: World) -> None:
    """CONFORMANCE 5.2: a request that has the parameter our own redirects carry is judged as a request."""
    await browser.sign_in_plainly()
    assert "code" in told_to_client(await browser.authorize(await world.client(), flow="foobar"))


async def test_a_flow_of_one_browser_is_nothing_to_another(browser: Browser, world: World) -> None:
    """O14, O17: at every address, also for somebody who is signed in."""
    page = await browser.open(await browser.authorize(await world.client()))
    async with browser_of(world) as other:
        await other.sign_in_plainly()
        for path in ("/login", "/consent", "/logout", "/authorize", "/end_session"):
            answer = await other.http.get(path, params={"flow": hidden_of(page)["flow"]})
            assert answer.status_code == 400, path
        for path in ("/login", "/consent", "/logout"):
            form = {**hidden_of(await other.http.get("/logout")), "flow": hidden_of(page)["flow"], "decision": "allow"}
            assert (await other.http.post(path, data=form)).status_code == 400, path
