"""Clients changed, disabled, enabled and mended: one transaction each, with its audit row."""

import pytest
from sqlalchemy import select
from tests.admin.conftest import actions

from watchword.admin.apis import add_api
from watchword.admin.client_changes import ClientChange, change_client, disable_client, enable_client
from watchword.admin.client_review import client_file, mend, review_clients
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.store.repositories import epochs
from watchword.store.repositories.apis import Scope
from watchword.store.repositories.clients import Client
from watchword.store.tables import journal

pytestmark = pytest.mark.anyio

URI = "https://shop.example.com/callback"


async def shop(desk: AdminDesk, **changes: object) -> Client:
    request = ClientRequest(**{"name": "Shop", "redirect_uris": (URI,), **changes})  # type: ignore[arg-type]
    client, _ = await add_client(desk, request)
    return client


async def test_a_change_replaces_what_there_is(desk: AdminDesk) -> None:
    await add_api(desk, identifier="https://orders.example.com", scopes=[Scope("orders:read", "See orders")])
    client = await shop(desk)
    change = ClientChange(
        name=" Market ", redirect_uris=(URI, f"{URI}/2"), scopes=("openid", "orders:read"), allowed_origins=()
    )
    await change_client(desk, client.id, change)
    after = (await client_file(desk, client.id)).client
    assert (after.name, after.redirect_uris, after.scopes) == ("Market", change.redirect_uris, change.scopes)
    assert after.secret_hash == client.secret_hash
    await change_client(desk, client.id, change)
    assert sorted(await actions(desk)) == ["api.created", "client.created", "client.updated"]


@pytest.mark.parametrize(
    "change",
    [
        ClientChange(name="", redirect_uris=(URI,)),
        ClientChange(name="Shop", redirect_uris=()),
        ClientChange(name="Shop", redirect_uris=("http://shop.example.com/cb",)),
        ClientChange(name="Shop", redirect_uris=(URI,), allowed_origins=("https://shop.example.com/path",)),
        ClientChange(name="Shop", redirect_uris=(URI,), scopes=("openid", "orders:read")),
        ClientChange(name="Shop", redirect_uris=(URI,), post_logout_redirect_uris=("javascript:alert(1)",)),
    ],
)
async def test_what_could_not_be_registered_cannot_be_edited_in(desk: AdminDesk, change: ClientChange) -> None:
    client = await shop(desk)
    with pytest.raises(InvalidRequestError):
        await change_client(desk, client.id, change)
    assert (await client_file(desk, client.id)).client == client
    assert await actions(desk) == ["client.created"]


async def test_disabling_refuses_what_it_holds(desk: AdminDesk) -> None:
    client = await shop(desk)
    await disable_client(desk, client.id)
    assert (await client_file(desk, client.id)).client.status == "disabled"
    assert await desk.store.read(lambda connection: epochs.current(connection, "client", client.id)) > 0
    kinds = await desk.store.read(lambda connection: connection.execute(select(journal.c.kind)).scalars().all())
    assert kinds == ["client"]
    with pytest.raises(InvalidRequestError):
        await disable_client(desk, client.id)
    await enable_client(desk, client.id)
    with pytest.raises(InvalidRequestError):
        await enable_client(desk, client.id)
    assert sorted(await actions(desk)) == [
        "client.created", "client.disabled", "client.enabled", "client.tokens_revoked",
    ]  # fmt: skip


async def test_mending_is_one_change_and_happens_once(desk: AdminDesk) -> None:
    client = await shop(desk, profile="oidc")
    (reviewed,) = await review_clients(desk)
    assert [one.check.code for one in reviewed.findings] == ["pkce_optional"]
    assert await mend(desk, client.id, "pkce_optional")
    assert not await mend(desk, client.id, "pkce_optional")
    assert not await mend(desk, client.id, "redirect_many")
    file = await client_file(desk, client.id)
    assert file.client.profile == "oauth2.1"
    assert file.findings == ()
    assert sorted(entry.action for entry in file.history.entries) == ["client.created", "client.mended"]


async def test_nobody_is_changed_who_is_not_there(desk: AdminDesk) -> None:
    for attempt in (
        client_file(desk, "nobody"),
        mend(desk, "nobody", "pkce_optional"),
        disable_client(desk, "nobody"),
        enable_client(desk, "nobody"),
        change_client(desk, "nobody", ClientChange(name="x", redirect_uris=(URI,))),
    ):
        with pytest.raises(UnknownError):
            await attempt
