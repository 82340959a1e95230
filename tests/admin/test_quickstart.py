"""What `watchword up` has ready: made once, moved with its port, never given an old secret back."""

from dataclasses import replace

import pytest

from watchword.admin import quickstart
from watchword.admin.apis import list_apis
from watchword.admin.clients import ClientRequest, add_client, list_clients, new_secret
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.admin.quickstart import Quickstart
from watchword.store.repositories import audit

pytestmark = pytest.mark.anyio

WANTED = Quickstart(
    demo_url="http://localhost:6401",
    api_id="a" * 26,
    demo_id="d" * 26,
    demo_secret="ww_secret_demo",
    machine_id="m" * 26,
    machine_secret="ww_secret_machine",
    command_line_id="c" * 26,
)


async def test_it_is_made_once(desk: AdminDesk) -> None:
    assert await quickstart.ensure(desk, WANTED) is None
    clients = {client.name: client for client in await list_clients(desk)}
    assert set(clients) == {"Orders demo", "quickstart", "watchword CLI"}
    assert clients["Orders demo"].redirect_uris == ("http://localhost:6401/callback",)
    assert clients["quickstart"].grant_types == ("client_credentials",)
    assert clients["watchword CLI"].is_public
    entries = await desk.store.read(lambda connection: audit.latest(connection, limit=99))
    assert await quickstart.ensure(desk, WANTED) is None
    assert await desk.store.read(lambda connection: audit.latest(connection, limit=99)) == entries


async def test_a_moved_demo_takes_its_clients_along_and_nobody_elses(desk: AdminDesk) -> None:
    await quickstart.ensure(desk, WANTED)
    request = ClientRequest(
        name="mine",
        redirect_uris=["http://localhost:64011/cb", "https://app.example.com/cb"],
        api_scopes={"http://localhost:6401": ["orders:read"]},
    )
    await add_client(desk, request)
    moved = replace(WANTED, demo_url="http://localhost:9401")
    assert await quickstart.ensure(desk, moved) == "http://localhost:6401"
    assert await quickstart.ensure(desk, moved) is None
    clients = {client.name: client for client in await list_clients(desk)}
    assert clients["Orders demo"].redirect_uris == ("http://localhost:9401/callback",)
    assert clients["Orders demo"].post_logout_redirect_uris == ("http://localhost:9401/",)
    assert clients["quickstart"].api_scopes == {"http://localhost:9401": ("orders:read",)}
    assert clients["quickstart"].default_api == "http://localhost:9401"
    assert clients["mine"].redirect_uris == ("http://localhost:64011/cb", "https://app.example.com/cb")
    assert clients["mine"].api_scopes == {"http://localhost:9401": ("orders:read",)}
    (api,) = await list_apis(desk)
    assert (api.id, api.identifier) == (WANTED.api_id, "http://localhost:9401")


async def test_a_secret_that_was_changed_is_not_changed_back(desk: AdminDesk) -> None:
    await quickstart.ensure(desk, WANTED)
    await new_secret(desk, WANTED.machine_id)
    with pytest.raises(InvalidRequestError, match="remove quickstart"):
        await quickstart.ensure(desk, WANTED)
    again = replace(WANTED, api_id="b" * 26, demo_id="e" * 26, machine_id="n" * 26, command_line_id="f" * 26)
    assert await quickstart.ensure(desk, again) is None
    assert len(await list_apis(desk)) == 1
