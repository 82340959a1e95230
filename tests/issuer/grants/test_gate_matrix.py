"""Whoever may not receive tokens receives none: each state, each grant type, start and redeem (O29, O31, O32)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, delete
from tests.issuer.issuing import ORDERS, SECRET, World

from watchword.issuer.grants import GRANTS
from watchword.issuer.revocation import withdraw
from watchword.oauth.errors import AccessDeniedError
from watchword.store.repositories import apis, clients, sessions, users
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.clients import Client
from watchword.store.repositories.users import UserStatus
from watchword.store.tables import metadata
from watchword.store.tables import users as user_table

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SESSION_SCOPES = ("openid", "orders:read")
OFFLINE_SCOPES = (*SESSION_SCOPES, "offline_access")
Blow = Callable[[World, Client], Awaitable[None]]


def user_becomes(status: UserStatus) -> Blow:
    async def strike(world: World, client: Client) -> None:
        await world.issuer.store.write(partial(users.set_status, user_id=world.user.id, status=status))

    return strike


async def user_is_gone(world: World, client: Client) -> None:
    def job(connection: Connection) -> None:
        for table in reversed(metadata.sorted_tables):
            if any(key.column.table.name in {"users", "sessions", "grants"} for key in table.foreign_keys):
                connection.execute(delete(table))
        connection.execute(delete(user_table).where(user_table.c.id == world.user.id))

    await world.issuer.store.write(job)


def client_becomes(status: clients.Status) -> Blow:
    async def strike(world: World, client: Client) -> None:
        await world.issuer.store.write(partial(clients.update, client=replace(client, status=status)))

    return strike


async def session_has_ended(world: World, client: Client) -> None:
    await world.issuer.store.write(partial(sessions.end, session_id=world.session.id, now=world.clock.now()))


def withdrawn(function: Any, **names: str) -> Blow:
    async def strike(world: World, client: Client) -> None:
        known = {"user": world.user.id, "client": client.id, "session": world.session.id}
        arguments = {name: known[value] for name, value in names.items()}
        job = partial(function, reason="test", actor=SYSTEM, now=world.clock.now(), **arguments)
        await world.issuer.store.write(job)

    return strike


# What strikes, and whether it lasts: whoever was only withdrawn may begin anew.
BLOWS: dict[str, tuple[Blow, bool]] = {
    "user disabled": (user_becomes("disabled"), True),
    "user locked": (user_becomes("locked"), True),
    "password to be reset": (user_becomes("reset"), True),
    "user deleted": (user_is_gone, True),
    "client disabled": (client_becomes("disabled"), True),
    "client deleted": (client_becomes("deleted"), True),
    "session ended": (session_has_ended, True),
    "session withdrawn": (withdrawn(withdraw.session, session_id="session"), True),
    "subject withdrawn": (withdrawn(withdraw.subject, user_id="user"), True),
    "client withdrawn": (withdrawn(withdraw.client, client_id="client"), False),
    "everything withdrawn": (withdrawn(withdraw.everything), False),
    "consent withdrawn": (withdrawn(withdraw.consent, user_id="user", client_id="client"), False),
}
OF_THE_SESSION = {"session ended", "session withdrawn"}
OF_THE_CLIENT = {"client disabled", "client deleted"}


def refused(answer: Any, name: str) -> None:
    expected = (401, "invalid_client") if name in OF_THE_CLIENT else (400, "invalid_grant")
    assert (answer.status_code, answer.json()["error"]) == expected, answer.text
    assert "token" not in answer.json()


def test_no_grant_type_is_forgotten_here() -> None:
    assert {grant.grant_type for grant in GRANTS} == {"authorization_code", "refresh_token", "client_credentials"}


@pytest.mark.parametrize("name", BLOWS)
@pytest.mark.parametrize("scopes", [SESSION_SCOPES, OFFLINE_SCOPES], ids=["session", "offline"])
async def test_o29_nothing_that_was_begun_is_redeemed(world: World, name: str, scopes: tuple[str, ...]) -> None:
    """Code, refresh token and access token, made before, asked for after; for both kinds of client."""
    strike, _ = BLOWS[name]
    client, public = await world.client(), await world.public_client()
    outlives = name in OF_THE_SESSION and scopes is OFFLINE_SCOPES
    held = {}
    for each in (client, public):
        body = await world.sign_in(each, scopes=scopes)
        own = await world.sign_in(each, scopes=scopes, resources=())
        held[each.id] = (body, own, await world.code(each, scopes=scopes))
    await strike(world, client)
    if names_the_client(name):
        await strike(world, public)
    for each in (client, public):
        body, own, code = held[each.id]
        refused(await world.redeem(each, code), name)
        answer = await world.http.get("/userinfo", headers={"authorization": f"Bearer {own['access_token']}"})
        assert answer.status_code == (200 if outlives else 401)
        if outlives:
            assert (await world.refresh(each, body["refresh_token"])).status_code == 200
            continue
        refused(await world.refresh(each, body["refresh_token"]), name)
        caller = await world.client()
        for text in (body["access_token"], body["refresh_token"]):
            assert not await world.is_active(caller if name in OF_THE_CLIENT else await asker(world, each), text)


def names_the_client(name: str) -> bool:
    return name in {*OF_THE_CLIENT, "client withdrawn", "consent withdrawn"}


async def asker(world: World, client: Client) -> Client:
    """Who may ask about the client's tokens: a public one cannot, so it becomes confidential first."""
    if not client.is_public:
        return client
    confidential = await world.client()
    changed = replace(client, auth_method=confidential.auth_method, secret_hash=confidential.secret_hash)
    await world.issuer.store.write(partial(clients.update, client=changed))
    return changed


@pytest.mark.parametrize("name", BLOWS)
async def test_o29_nothing_is_begun(world: World, name: str) -> None:
    """The start of each grant type: the code that the authorization endpoint would give, and a client for itself."""
    strike, lasts = BLOWS[name]
    client = await world.client()
    await strike(world, client)
    if lasts:
        with pytest.raises(AccessDeniedError):
            await world.code(client)
    else:
        assert (await world.sign_in(client))["access_token"], "from now on tokens are good again"
    answer = await world.token(client, {"grant_type": "client_credentials"})
    if name in OF_THE_CLIENT:
        refused(answer, name)
    else:
        assert answer.status_code == 200
        assert await world.is_active(client, answer.json()["access_token"])


@pytest.mark.parametrize("name", sorted({"client withdrawn", "everything withdrawn", *OF_THE_CLIENT}))
async def test_o29_a_clients_own_token_ends_with_it(world: World, name: str) -> None:
    client = await world.client()
    text = (await world.token(client, {"grant_type": "client_credentials", "resource": ORDERS})).json()["access_token"]
    assert await world.is_active(client, text)
    await BLOWS[name][0](world, client)
    api = await world.issuer.store.read(partial(apis.find, identifier=ORDERS))
    assert api is not None
    answer = await world.http.post("/introspect", data={"token": text}, auth=(api.id, SECRET))
    assert answer.json() == {"active": False}


async def test_o31_a_client_that_lost_a_scope_gets_it_no_more(world: World) -> None:
    """What the operator takes from a client is gone at its next refresh, not after thirty days."""
    client = await world.client()
    body = await world.sign_in(client)
    kept = tuple(scope for scope in client.scopes if scope != "orders:write")
    await world.issuer.store.write(partial(clients.update, client=replace(client, scopes=kept)))
    asked = await world.refresh(client, body["refresh_token"], scope="orders:write")
    assert (asked.status_code, asked.json()["error"]) == (400, "invalid_scope")
    told = (await world.post("/introspect", client, {"token": body["refresh_token"]})).json()
    assert told["scope"] == "openid offline_access orders:read"
    answer = (await world.refresh(client, body["refresh_token"])).json()
    assert answer["scope"] == "orders:read"
    code = await world.code(client)
    assert (await world.redeem(client, code)).json()["scope"] == "orders:read"


async def test_o31_a_client_that_lost_its_grant_type_redeems_nothing(world: World) -> None:
    client = await world.client()
    body, code = await world.sign_in(client), await world.code(client)
    job = partial(clients.update, client=replace(client, grant_types=("client_credentials",)))
    await world.issuer.store.write(job)
    for answer in (await world.redeem(client, code), await world.refresh(client, body["refresh_token"])):
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_o38_a_disabled_api_gets_no_tokens(world: World) -> None:
    client = await world.client()
    body, code = await world.sign_in(client), await world.code(client)
    api = await world.issuer.store.read(partial(apis.find, identifier=ORDERS))
    assert api is not None
    await world.issuer.store.write(partial(apis.update, api=replace(api, status="disabled")))
    own = await world.token(client, {"grant_type": "client_credentials", "resource": ORDERS})
    for answer in (await world.redeem(client, code), await world.refresh(client, body["refresh_token"]), own):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
