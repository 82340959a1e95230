"""Revocation by the client: O32, O37, R09."""

from functools import partial

import pytest
from tests.issuer.issuing import ISSUER, SECRET, World

from watchword.events import GrantRevoked
from watchword.oauth.revocation import journal_digest
from watchword.store.repositories import audit, journal

pytestmark = pytest.mark.anyio


async def test_a_refresh_token_takes_its_family_along(world: World) -> None:
    for client in (await world.client(), await world.public_client()):
        body = await world.sign_in(client)
        newest = (await world.refresh(client, body["refresh_token"])).json()
        gid = (await world.claims_of(body["access_token"]))["gid"]
        # The oldest names the family as well as the newest.
        answer = await world.post(
            "/revoke", client, {"token": body["refresh_token"], "token_type_hint": "access_token"}
        )
        assert (answer.status_code, answer.content) == (200, b"")
        assert (await world.refresh(client, newest["refresh_token"])).json()["error"] == "invalid_grant"
        listed = partial(journal.contains, kind="grant", digest=journal_digest("grant", ISSUER, gid))
        assert await world.issuer.store.read(listed)
        assert GrantRevoked(world.clock.now(), gid, "revoked_by_client") in world.listener.events


async def test_an_access_token_takes_only_itself(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    jti = (await world.claims_of(body["access_token"]))["jti"]
    for _ in range(2):
        assert (await world.post("/revoke", client, {"token": body["access_token"]})).status_code == 200
    assert not await world.is_active(client, body["access_token"])
    assert await world.is_active(client, body["refresh_token"])
    rows = await world.issuer.store.read(partial(journal.after, seq=0, limit=10))
    assert [(row.kind, row.digest) for row in rows] == [("token", journal_digest("token", ISSUER, jti))]
    # The row lives until the token has ended, and the leeway of verifiers.
    assert rows[0].expires_at == int(world.clock.now()) + 300 + 300


async def test_foreign_and_unknown_tokens_stay_as_they_are(world: World) -> None:
    """O37: 200, and nothing happens."""
    client, other = await world.client(), await world.client()
    body = await world.sign_in(client)
    before = await world.issuer.store.read(partial(audit.latest, limit=1000))
    for text in (body["access_token"], body["refresh_token"], body["id_token"], "x", "wwr_" + "x" * 43):
        assert (await world.post("/revoke", other, {"token": text})).status_code == 200
    assert await world.is_active(client, body["access_token"])
    assert await world.is_active(client, body["refresh_token"])
    assert await world.issuer.store.read(partial(audit.latest, limit=1000)) == before
    assert await world.issuer.store.read(partial(journal.after, seq=0, limit=10)) == []


async def test_an_expired_token_needs_no_row(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    world.clock.advance(300)
    assert (await world.post("/revoke", client, {"token": body["access_token"]})).status_code == 200
    assert await world.issuer.store.read(partial(journal.after, seq=0, limit=10)) == []


async def test_the_client_must_authenticate(world: World) -> None:
    """O37"""
    client = await world.client()
    body = await world.sign_in(client)
    form = {"token": body["refresh_token"]}
    for answer in (
        await world.http.post("/revoke", data=form),
        await world.http.post("/revoke", data={**form, "client_id": client.id}),
        await world.http.post("/revoke", data=form, auth=(client.id, "wrong")),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    missing = await world.http.post("/revoke", data={"x": "y"}, auth=(client.id, SECRET))
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    assert await world.is_active(client, body["refresh_token"])
