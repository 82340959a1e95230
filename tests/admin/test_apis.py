"""Registering APIs: what cannot be one, what is written, and who learns of its scopes."""

from collections.abc import Callable

import pytest

from watchword.admin.apis import add_api, list_apis
from watchword.admin.clients import ClientRequest, add_client, list_clients
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError
from watchword.oauth.bearer import digest
from watchword.store.repositories import audit
from watchword.store.repositories.apis import Scope

pytestmark = pytest.mark.anyio

ORDERS = "https://orders.example.com"


async def test_an_api_is_kept_with_its_audit_row(desk: AdminDesk) -> None:
    api, secret = await add_api(desk, identifier=ORDERS, scopes=[Scope("orders:read", "See the orders")])
    assert secret is None
    assert await list_apis(desk) == [api]
    assert api.name == "orders.example.com"
    (entry,) = await desk.store.read(lambda connection: audit.latest(connection, limit=5))
    assert (entry.action, entry.target_id, entry.actor.kind) == ("api.created", api.id, "operator")


async def test_only_the_digest_of_a_secret_is_kept(desk: AdminDesk) -> None:
    api, secret = await add_api(desk, identifier=ORDERS, with_secret=True)
    assert secret is not None
    assert api.secret_hash == digest(secret)
    assert secret not in repr(api)


@pytest.mark.parametrize(
    ("identifier", "scope"),
    [
        ("orders", "orders:read"),
        ("https://orders.example.com#part", "orders:read"),
        ("https://orders.example.com/ä", "orders:read"),
        (ORDERS, "two words"),
        (ORDERS, "openid"),
        (ORDERS, ""),
    ],
)
async def test_what_cannot_be_an_api_is_refused_and_nothing_is_written(
    desk: AdminDesk, identifier: str, scope: str
) -> None:
    with pytest.raises(InvalidRequestError):
        await add_api(desk, identifier=identifier, scopes=[Scope(scope, "")])
    assert await list_apis(desk) == []


async def test_every_reason_is_told_at_once(desk: AdminDesk) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await add_api(desk, identifier="orders", scopes=[Scope("a", ""), Scope("a", ""), Scope("email", "")])
    assert len(refused.value.problems) == 3


async def test_an_identifier_is_taken_once(desk: AdminDesk) -> None:
    await add_api(desk, identifier=ORDERS)
    with pytest.raises(TakenError):
        await add_api(desk, identifier=ORDERS)
    assert len(await list_apis(desk)) == 1


async def test_the_command_line_may_ask_for_a_new_apis_scopes(
    desk: AdminDesk, desk_with_cli: Callable[[str], AdminDesk]
) -> None:
    tool, _ = await add_client(
        desk, ClientRequest(name="tool", public=True, redirect_uris=["http://127.0.0.1/callback"])
    )
    other, _ = await add_client(
        desk, ClientRequest(name="other", public=True, redirect_uris=["http://127.0.0.1/callback"])
    )
    await add_api(desk_with_cli(tool.id), identifier=ORDERS, scopes=[Scope("orders:read", "")])
    scopes = {client.id: client.scopes for client in await list_clients(desk)}
    assert "orders:read" in scopes[tool.id]
    assert "orders:read" not in scopes[other.id]
