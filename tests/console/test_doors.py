"""Every door of the console: closed to strangers and to who is no admin, and deaf to forged forms."""

import pytest
from sqlalchemy import Connection
from starlette.routing import Route
from tests.console.running import GOOD, PASSWORD, Console, hidden

from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.users import ADMIN_ROLE, UserRequest, add_user
from watchword.console.paths import CALLBACK, SETUP, SIGN_IN
from watchword.console.routes import ROUTES
from watchword.store.repositories import roles, users
from watchword.store.repositories.apis import Scope
from watchword.store.tables import metadata

pytestmark = pytest.mark.anyio

OPEN = {SETUP, SIGN_IN, CALLBACK}
DOORS = [route for route in ROUTES if isinstance(route, Route) and route.path not in OPEN]
LOOKED_AT = sorted(route.path for route in DOORS if "GET" in (route.methods or ()))
ACTED_ON = sorted(route.path for route in DOORS if "POST" in (route.methods or ()))
SECRET = "Unmistakable"


async def furnished(console: Console) -> list[str]:
    """One of each thing, all called `SECRET`; their ids."""
    await console.desk.keys.start()
    api, _ = await add_api(
        console.desk, identifier="https://orders.example.com", name=SECRET, scopes=[Scope("orders:read", "")]
    )
    client, _ = await add_client(
        console.desk, ClientRequest(name=SECRET, redirect_uris=["https://shop.example/cb"], profile="oidc")
    )
    user = await add_user(console.desk, UserRequest(email="bob@example.com", name=SECRET, roles=["clerk"]), invite=True)
    return [api.id, client.id, user.id]


def everything(connection: Connection) -> dict[str, list[str]]:
    """Every row there is, but for what a mere visit moves."""
    moved = {"authorization_requests", "sessions", "login_throttle"}
    return {
        table.name: sorted(map(repr, connection.execute(table.select())))
        for table in metadata.sorted_tables
        if table.name not in moved
    }


def test_there_are_doors() -> None:
    assert len(LOOKED_AT) >= 12
    assert len(ACTED_ON) >= 20


async def test_strangers_are_sent_to_sign_in(console: Console) -> None:
    ids = await furnished(console)
    for path in LOOKED_AT:
        for one in ids:
            answer = await console.browser.get(path.replace("{id}", one))
            assert (answer.status_code, SECRET in answer.text) == (303, False), path
            assert answer.headers["location"].startswith("/console/sign-in?to=")


async def test_who_is_no_admin_sees_and_does_nothing(console: Console) -> None:
    await console.sign_in()
    ids = await furnished(console)
    token = hidden(await console.browser.get("/console"), "csrf_token")

    def demote(connection: Connection) -> None:
        user = users.find_by_identifier(connection, GOOD["email"])
        assert user is not None
        roles.remove(connection, user.id, ADMIN_ROLE)

    await console.store.write(demote)
    before = await console.store.read(everything)
    form = {"csrf_token": token, "check": "pkce_optional", "role": "admin", "name": "x", "password": PASSWORD}
    for path in LOOKED_AT:
        for one in ids:
            answer = await console.browser.get(path.replace("{id}", one))
            assert (answer.status_code, SECRET in answer.text) == (403, False), path
    for path in set(ACTED_ON) - {"/console/sign-out"}:
        for one in ids:
            answer = await console.browser.post(path.replace("{id}", one), data=form)
            assert (answer.status_code, SECRET in answer.text) == (403, False), path
    assert await console.store.read(everything) == before


@pytest.mark.parametrize(
    ("forged", "headers"),
    [
        ({}, {}),
        ({"csrf_token": "A" * 43}, {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
async def test_forged_forms_change_nothing(
    console: Console, forged: dict[str, str] | None, headers: dict[str, str]
) -> None:
    """O17, for an administrator who is signed in and was lured to another site."""
    await console.sign_in()
    ids = await furnished(console)
    token = {"csrf_token": hidden(await console.browser.get("/console"), "csrf_token")} if forged is None else forged
    typed = {
        "check": "pkce_optional", "role": "admin", "name": "x", "password": PASSWORD, "kind": "machine",
        "email": "eve@example.com", "identifier": "https://evil.example", "scope": "evil:all", "algorithm": "ES256",
        "redirect_uris": "https://evil.example/cb", "token_lifetime": "60", "description": "x",
    }  # fmt: skip
    before = await console.store.read(everything)
    for path in ACTED_ON:
        for one in ids:
            answer = await console.browser.post(path.replace("{id}", one), data=token | typed, headers=headers)
            assert answer.status_code == 403, path
    assert await console.store.read(everything) == before


async def test_no_action_is_a_link(console: Console) -> None:
    """What is posted cannot be done by following an address."""
    await console.sign_in()
    before = await console.store.read(everything)
    for path in set(ACTED_ON) - set(LOOKED_AT):
        assert (await console.browser.get(path.replace("{id}", "x"))).status_code == 405, path
    assert await console.store.read(everything) == before


async def test_without_a_demonstration_the_first_screen_sends_nothing(console: Console) -> None:
    """J87: an installation for others asks no service beside it, whatever an earlier one has kept."""
    await console.sign_in()
    before = await console.store.read(everything)
    token = hidden(await console.browser.get("/console"), "csrf_token")
    form = {"csrf_token": token, "press": "call", "address": "http://127.0.0.1:8500/hello"}
    for path in ("/console/start", "/console/start/yours"):
        answer = await console.browser.post(path, data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert await console.store.read(everything) == before
