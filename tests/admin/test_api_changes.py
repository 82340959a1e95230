"""APIs changed: one transaction each, with its audit row."""

import pytest
from tests.admin.conftest import actions

from watchword.admin.api_changes import add_scope, api_file, change_api, describe_scope, new_api_secret
from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError, UnknownError
from watchword.oauth.bearer import digest
from watchword.store.repositories.apis import Api, Scope

pytestmark = pytest.mark.anyio

READ = Scope("orders:read", "See orders")


async def orders(desk: AdminDesk) -> Api:
    api, _ = await add_api(desk, identifier="https://orders.example.com", scopes=[READ])
    return api


async def test_name_and_lifetime(desk: AdminDesk) -> None:
    api = await orders(desk)
    await change_api(desk, api.id, name=" All orders ", token_lifetime=120)
    await change_api(desk, api.id, name="All orders", token_lifetime=120)
    after = (await api_file(desk, api.id)).api
    assert (after.name, after.token_lifetime, after.scopes) == ("All orders", 120, (READ,))
    for name, lifetime in (("", 120), ("x", 0), ("x", 3601)):
        with pytest.raises(InvalidRequestError):
            await change_api(desk, api.id, name=name, token_lifetime=lifetime)
    assert sorted(await actions(desk)) == ["api.changed", "api.created"]


async def test_scopes_are_added_once_and_described_again(desk: AdminDesk) -> None:
    api = await orders(desk)
    await add_scope(desk, api.id, Scope("orders:write", ""))
    with pytest.raises(TakenError):
        await add_scope(desk, api.id, READ)
    for name in ("openid", "two words", ""):
        with pytest.raises(InvalidRequestError):
            await add_scope(desk, api.id, Scope(name, ""))
    await describe_scope(desk, api.id, Scope("orders:write", "Place orders"))
    with pytest.raises(UnknownError):
        await describe_scope(desk, api.id, Scope("orders:gone", "x"))
    assert (await api_file(desk, api.id)).api.scopes == (READ, Scope("orders:write", "Place orders"))
    assert sorted(await actions(desk)) == ["api.created", "api.scope_added", "api.scope_described"]


async def test_a_new_secret_replaces_the_old(desk: AdminDesk) -> None:
    api = await orders(desk)
    first, second = await new_api_secret(desk, api.id), await new_api_secret(desk, api.id)
    assert first != second
    assert (await api_file(desk, api.id)).api.secret_hash == digest(second)
    with pytest.raises(UnknownError):
        await new_api_secret(desk, "nobody")


async def test_who_may_ask_is_listed(desk: AdminDesk) -> None:
    api = await orders(desk)
    uri = ("https://shop.example.com/cb",)
    by_scope, _ = await add_client(desk, ClientRequest(name="A", redirect_uris=uri, scopes=("orders:read",)))
    by_default, _ = await add_client(desk, ClientRequest(name="B", redirect_uris=uri, default_api=api.identifier))
    itself, _ = await add_client(desk, ClientRequest(name="C", api_scopes={api.identifier: ["orders:read"]}))
    await add_client(desk, ClientRequest(name="D", redirect_uris=uri))
    found = (await api_file(desk, api.id)).clients
    assert [client.id for client in found] == [by_scope.id, by_default.id, itself.id]
