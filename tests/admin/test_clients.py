"""Registering clients: what they may do follows from what they are."""

from typing import Any

import pytest

from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client, list_clients, new_secret
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.oauth.bearer import digest
from watchword.store.repositories import clients
from watchword.store.repositories.apis import Scope

pytestmark = pytest.mark.anyio

ORDERS = "https://orders.example.com"
CALLBACK = "https://app.example.com/callback"


async def test_a_client_that_signs_people_in(desk: AdminDesk) -> None:
    client, secret = await add_client(desk, ClientRequest(name="App", redirect_uris=[CALLBACK]))
    assert secret is not None
    assert client.secret_hash == digest(secret)
    assert client.auth_method == "client_secret_basic"
    assert client.grant_types == ("authorization_code", "refresh_token")
    assert "openid" in client.scopes
    assert await list_clients(desk) == [client]


async def test_a_client_that_acts_for_itself(desk: AdminDesk) -> None:
    await add_api(desk, identifier=ORDERS, scopes=[Scope("orders:read", "")])
    request = ClientRequest(name="job", api_scopes={ORDERS: ["orders:read"]}, default_api=ORDERS)
    client, _ = await add_client(desk, request)
    assert client.grant_types == ("client_credentials",)
    assert client.scopes == ()
    assert client.api_scopes == {ORDERS: ("orders:read",)}


async def test_a_public_client_gets_no_secret(desk: AdminDesk) -> None:
    client, secret = await add_client(
        desk, ClientRequest(name="tool", public=True, redirect_uris=["http://127.0.0.1/cb"])
    )
    assert secret is None
    assert client.secret_hash is None
    assert client.is_public


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " ", "redirect_uris": [CALLBACK]},
        {"name": "nothing to do"},
        {"name": "plain http", "redirect_uris": ["http://app.example.com/cb"]},
        {"name": "fragment", "redirect_uris": [f"{CALLBACK}#x"]},
        {"name": "wildcard", "redirect_uris": ["https://*.example.com/cb"]},
        {"name": "parameters of the answer (O04)", "redirect_uris": [f"{CALLBACK}?code=1"]},
        {"name": "origin with path", "redirect_uris": [CALLBACK], "allowed_origins": [f"{CALLBACK}"]},
        {"name": "public and alone", "public": True, "api_scopes": {ORDERS: ["orders:read"]}},
        {"name": "unknown API", "api_scopes": {ORDERS: ["orders:read"]}},
        {"name": "unknown default", "redirect_uris": [CALLBACK], "default_api": ORDERS},
        {"name": "scope", "redirect_uris": [CALLBACK], "scopes": ["two words"]},
        {"name": "algorithm", "redirect_uris": [CALLBACK], "id_token_alg": "none"},
    ],
    ids=lambda wrong: str(wrong["name"]),
)
async def test_what_cannot_be_a_client_is_refused(desk: AdminDesk, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        await add_client(desk, ClientRequest(**wrong))
    assert await list_clients(desk) == []


async def test_a_scope_that_the_api_does_not_have_is_refused(desk: AdminDesk) -> None:
    await add_api(desk, identifier=ORDERS, scopes=[Scope("orders:read", "")])
    with pytest.raises(InvalidRequestError, match="has no scope orders:delete"):
        await add_client(desk, ClientRequest(name="job", api_scopes={ORDERS: ["orders:delete"]}))


async def test_a_new_secret_replaces_the_old_one(desk: AdminDesk) -> None:
    client, first = await add_client(desk, ClientRequest(name="App", redirect_uris=[CALLBACK]))
    second = await new_secret(desk, client.id)
    stored = await desk.store.read(lambda connection: clients.find(connection, client.id))
    assert stored is not None
    assert stored.secret_hash == digest(second)
    assert second != first


async def test_a_public_or_unknown_client_gets_no_new_secret(desk: AdminDesk) -> None:
    client, _ = await add_client(desk, ClientRequest(name="tool", public=True, redirect_uris=["http://127.0.0.1/cb"]))
    with pytest.raises(InvalidRequestError):
        await new_secret(desk, client.id)
    with pytest.raises(UnknownError):
        await new_secret(desk, "nobody")
