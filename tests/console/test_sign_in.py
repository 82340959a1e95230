"""The console signs in as a client of its own issuer, and is let in by what the database says now."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import Connection, select
from tests.console.running import ORIGIN, Console, hidden

from watchword.admin import console_client
from watchword.admin.console_client import NAME, ConsoleClient
from watchword.clock import SettableClock
from watchword.console import login_state
from watchword.console.routes import ROUTES
from watchword.issuer.app import create_app
from watchword.issuer.revocation import withdraw
from watchword.oauth.bearer import digest
from watchword.store.repositories import clients, users
from watchword.store.repositories.audit import Actor
from watchword.store.tables import console_sessions, grants

pytestmark = pytest.mark.anyio

CLERK = Actor("operator")
SECRET = bytes(32)


async def authorization(console: Console, page: str = "/console") -> str:
    """The authorization request that a sign-in of this browser begins with."""
    answer = await console.browser.get("/console/sign-in", params={"to": page})
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def test_it_is_the_code_flow_with_everything_a_client_must_send(console: Console) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(await authorization(console)).query).items()}
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{ORIGIN}/console/callback"
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    client = await console.store.read(lambda connection: clients.find(connection, asked["client_id"]))
    assert client is not None
    assert (client.name, client.is_public, client.grant_types) == (NAME, False, ("authorization_code",))


async def test_it_leads_back_to_the_page_that_was_wanted(console: Console) -> None:
    await console.sign_in()
    console.browser.cookies.delete("watchword-console-8400")
    assert await console.follow("/console/inspect") == "/console/inspect"


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "//evil.example",
        "/console//evil.example",
        "/console/../login",
        "/consolex",
        "/console\\evil",
        "/console?a=b#c",
        "/console/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "",
    ],
)
def test_it_leads_nowhere_else(page: str) -> None:
    """O05: no open redirect."""
    login = login_state.begin(SECRET, browser="b", page=page, now=1.0)
    assert login.page == "/console"


async def test_the_answer_counts_only_in_the_browser_that_asked(console: Console) -> None:
    """O08: login CSRF."""
    await console.sign_in()
    answer = await console.browser.get(await authorization(console))
    callback = answer.headers["location"]
    assert callback.startswith(f"{ORIGIN}/console/callback?")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=console.application), base_url=ORIGIN) as another:
        await another.get("/login")
        refused = await another.get(callback)
    assert refused.status_code == 400
    assert "set-cookie" not in refused.headers or "watchword-console" not in refused.headers["set-cookie"]
    assert (await console.browser.get(callback)).status_code == 303


async def test_the_answer_counts_once(console: Console) -> None:
    await console.sign_in()
    callback = (await console.browser.get(await authorization(console))).headers["location"]
    assert (await console.browser.get(callback)).status_code == 303
    assert (await console.browser.get("/console")).status_code == 200
    assert (await console.browser.get(callback)).status_code == 400
    # A code that comes twice has been seen by somebody else: what it gave is withdrawn (O20), the console's door too.
    assert (await console.browser.get("/console")).status_code == 303


async def test_an_old_or_forged_state_is_refused(console: Console, clock: SettableClock) -> None:
    await console.sign_in()
    callback = (await console.browser.get(await authorization(console))).headers["location"]
    state = parse_qs(urlsplit(callback).query)["state"][0]
    for forged in ("", "x", "a.b.c.d", state[:-2] + "AA", "é" * 9, "0" * 4000):
        refused = await console.browser.get("/console/callback", params={"state": forged, "code": "x", "iss": ORIGIN})
        assert refused.status_code == 400
        assert "console-sign-out" not in refused.text
    clock.advance(login_state.LIFETIME + 1)
    assert (await console.browser.get(callback)).status_code == 400


async def test_each_begun_sign_in_has_secrets_of_its_own() -> None:
    one, two = (login_state.begin(SECRET, browser="b", page="/console", now=1.0) for _ in range(2))
    assert len({one.state, one.nonce, one.code_verifier, two.state, two.nonce, two.code_verifier}) == 6
    assert login_state.resume(SECRET, browser="b", state=one.state, now=2.0) == one
    assert login_state.resume(SECRET, browser="c", state=one.state, now=2.0) is None
    assert login_state.resume(bytes(31) + b"x", browser="b", state=one.state, now=2.0) is None
    assert login_state.resume(SECRET, browser="b", state=one.state, now=0.0) is None
    assert one.code_verifier not in repr(one)


@pytest.mark.parametrize(
    "ending", ["session", "grant", "subject", "client", "everything", "disabled", "client disabled"]
)
async def test_whatever_ends_trust_ends_the_sign_in(console: Console, clock: SettableClock, ending: str) -> None:
    await console.sign_in()
    assert (await console.browser.get("/console")).status_code == 200
    now = clock.now()

    def end(connection: Connection) -> None:
        grant = connection.execute(select(grants)).one()
        told: dict[str, Any] = {"reason": "test", "actor": CLERK, "now": now}
        match ending:
            case "session":
                withdraw.session(connection, grant.session_id, **told)
            case "grant":
                withdraw.grant(connection, grant.id, **told)
            case "subject":
                withdraw.subject(connection, grant.user_id, **told)
            case "client":
                withdraw.client(connection, grant.client_id, **told)
            case "everything":
                withdraw.everything(connection, **told)
            case "disabled":
                users.set_status(connection, grant.user_id, "disabled")
            case "client disabled":
                client = clients.find(connection, grant.client_id)
                assert client is not None
                clients.update(connection, replace(client, status="disabled"))

    await console.store.write(end)
    answer = await console.browser.get("/console")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?to=%2Fconsole")


async def test_it_ends_by_itself(console: Console, clock: SettableClock) -> None:
    await console.sign_in()
    clock.advance(console.desk.settings.session_idle - 1)
    assert (await console.browser.get("/console")).status_code == 200
    clock.advance(console.desk.settings.session_idle - 1)
    assert (await console.browser.get("/console")).status_code == 200
    clock.advance(console.desk.settings.session_idle)
    assert (await console.browser.get("/console")).status_code == 303


async def test_signing_out_ends_both_sessions(console: Console) -> None:
    await console.sign_in()
    home = await console.browser.get("/console")
    kept = dict(console.browser.cookies)
    done = await console.browser.post("/console/sign-out", data={"csrf_token": hidden(home, "csrf_token")})
    assert (done.status_code, done.headers["location"]) == (303, "/logged-out")
    assert await console.store.read(lambda connection: connection.execute(select(console_sessions)).all()) == []
    for name, value in kept.items():
        console.browser.cookies.set(name, value)
    assert await console.follow("/console") == "/login"


async def test_another_name_of_this_host_is_left_before_the_sign_in_begins(console: Console) -> None:
    """Cookies of one name are not sent to another: the answer would find no sign-in."""
    issuer = console.application.state.issuer
    hosts = replace(issuer.settings, hosts=("127.0.0.1:8400",))
    application = create_app(replace(issuer, settings=hosts), routes=ROUTES)
    application.state.desk = console.desk
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400") as browser:
        answer = await browser.get("/console/sign-in", params={"to": "/console/inspect"})
        assert answer.headers["location"] == f"{ORIGIN}/console/sign-in?to=%2Fconsole%2Finspect&moved=1"
        # A proxy that always names that other name leads nobody in circles.
        again = await browser.get(answer.headers["location"].removeprefix(ORIGIN))
    assert again.headers["location"].startswith(f"{ORIGIN}/authorize?")


async def test_the_client_follows_the_issuer_when_that_moves(console: Console) -> None:
    location = await authorization(console)
    client_id = parse_qs(urlsplit(location).query)["client_id"][0]

    def move(connection: Connection) -> None:
        client = clients.find(connection, client_id)
        assert client is not None
        clients.update(connection, replace(client, redirect_uris=("http://localhost:9999/console/callback",)))

    await console.store.write(move)
    own = ConsoleClient.of(console.application.state.issuer.secrets["console"])
    for _ in range(2):  # at each start; the second time there is nothing to do
        await console_client.ensure(console.desk, own, redirect_uri=f"{ORIGIN}/console/callback")
    await console.sign_in()
    client = await console.store.read(lambda connection: clients.find(connection, client_id))
    assert client is not None
    assert client.redirect_uris == (f"{ORIGIN}/console/callback",)


async def test_its_secret_is_not_stored(console: Console) -> None:
    await console.sign_in()
    own = ConsoleClient.of(console.application.state.issuer.secrets["console"])
    client = await console.store.read(lambda connection: clients.find(connection, own.client_id))
    assert client is not None
    assert client.secret_hash == digest(own.secret)
    assert own.secret not in repr(client) + repr(own)
