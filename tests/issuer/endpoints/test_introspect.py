"""Introspection: who is told what; O32, O37, O38."""

from functools import partial
from typing import Any

import pytest
from tests.issuer.issuing import ISSUER, ORDERS, SECRET, STOCK, World

from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api

pytestmark = pytest.mark.anyio


async def api(world: World, identifier: str) -> Api:
    found = await world.issuer.store.read(partial(apis.find, identifier=identifier))
    assert found is not None
    return found


async def asked_by(world: World, identifier: str, token: str, **changes: Any) -> Any:
    caller = await api(world, identifier)
    answer = await world.http.post("/introspect", data={"token": token, **changes}, auth=(caller.id, SECRET))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def test_an_api_learns_about_tokens_for_itself_only(world: World) -> None:
    """O37, O38"""
    client = await world.client()
    body = await world.sign_in(client)
    told = await asked_by(world, ORDERS, body["access_token"], token_type_hint="nonsense")
    claims = await world.claims_of(body["access_token"])
    assert told == {"active": True, "token_type": "Bearer", **claims}
    assert await asked_by(world, STOCK, body["access_token"]) == {"active": False}
    assert await asked_by(world, ORDERS, body["refresh_token"]) == {"active": False}


async def test_a_client_learns_about_its_own_tokens_only(world: World) -> None:
    client, other = await world.client(), await world.client()
    body = await world.sign_in(client)
    for text in (body["access_token"], body["refresh_token"]):
        assert await world.is_active(client, text)
        assert not await world.is_active(other, text)
    told = (await world.post("/introspect", client, {"token": body["refresh_token"]})).json()
    assert (told["iss"], told["sub"], told["client_id"]) == (ISSUER, world.user.id, client.id)
    assert told["exp"] == int(world.clock.now()) + world.issuer.settings.refresh_idle


@pytest.mark.parametrize("text", ["x", "x.y.z", "wwr_" + "x" * 43, "é", "a" * 5000])
async def test_what_is_no_token_is_not_active(world: World, text: str) -> None:
    client = await world.client()
    assert not await world.is_active(client, text)
    assert await asked_by(world, ORDERS, text) == {"active": False}


async def test_used_and_expired_tokens_are_not_active(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    fresh = (await world.refresh(client, body["refresh_token"])).json()
    assert not await world.is_active(client, body["refresh_token"])
    assert not await world.is_active(client, body["id_token"])
    world.clock.advance(300)
    assert not await world.is_active(client, fresh["access_token"])
    assert await world.is_active(client, fresh["refresh_token"])
    world.clock.advance(world.issuer.settings.refresh_idle)
    assert not await world.is_active(client, fresh["refresh_token"])


async def test_nobody_asks_without_credentials(world: World) -> None:
    """O37"""
    public = await world.public_client()
    body = await world.sign_in(public)
    form = {"token": body["access_token"]}
    caller = await api(world, ORDERS)
    for answer in (
        await world.http.post("/introspect", data=form),
        await world.http.post("/introspect", data={**form, "client_id": public.id}),
        await world.http.post("/introspect", data={**form, "client_id": caller.id}),
        await world.http.post("/introspect", data={**form, "client_id": caller.id, "client_secret": SECRET}),
        await world.http.post("/introspect", data=form, auth=(caller.id, "wrong")),
        await world.http.post("/introspect", data=form, headers={"authorization": f"Bearer {body['access_token']}"}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert "www-authenticate" in answer.headers


async def test_malformed_requests(world: World) -> None:
    client = await world.client()
    missing = await world.post("/introspect", client, {"x": "y"})
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    query = await world.http.post("/introspect?token=x", data={"token": "x"}, auth=(client.id, SECRET))
    assert query.status_code == 400
