"""Userinfo: who may ask, how, and what is told; O28, O32, O38 and CONFORMANCE 5.2."""

from functools import partial
from typing import Any

import pytest
from tests.issuer.issuing import ISSUER, World

from watchword.issuer.revocation import withdraw
from watchword.jose import Key, jwt
from watchword.store.repositories import users
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.clients import Client

pytestmark = pytest.mark.anyio

SCOPES = ("openid", "profile", "email", "offline_access", "orders:read")


@pytest.fixture
async def client(world: World) -> Client:
    return await world.client()


@pytest.fixture
async def token(world: World, client: Client) -> str:
    body = await world.sign_in(client, scopes=SCOPES, resources=())
    return str(body["access_token"])


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def refused(answer: Any, status: int, error: str) -> None:
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert f'error="{error}"' in answer.headers["www-authenticate"]
    assert answer.headers["www-authenticate"].startswith('Bearer realm="')


async def test_tells_what_the_scopes_ask_for(world: World, token: str) -> None:
    answer = await world.http.get("/userinfo", headers=bearer(token))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "sub": world.user.id,
        "name": "Alice Liddell",
        "locale": "en",
        "preferred_username": "alice",
        "email": "alice@example.com",
        "email_verified": True,
    }


async def test_openid_alone_tells_the_subject_alone(world: World, client: Client) -> None:
    body = await world.sign_in(client, scopes=("openid",), resources=())
    answer = await world.http.get("/userinfo", headers=bearer(body["access_token"]))
    assert answer.json() == {"sub": world.user.id}


async def test_the_claims_parameter(world: World, client: Client) -> None:
    wanted = {"userinfo": {"name": None, "email": {"essential": True}, "password_hash": None, "username": None}}
    body = await world.sign_in(client, scopes=("openid",), resources=(), claims=wanted)
    answer = await world.http.get("/userinfo", headers=bearer(body["access_token"]))
    assert answer.json() == {"sub": world.user.id, "name": "Alice Liddell", "email": "alice@example.com"}


async def test_header_of_get_header_of_post_and_body_of_post(world: World, token: str) -> None:
    answers = [
        await world.http.get("/userinfo", headers=bearer(token)),
        await world.http.get("/userinfo", headers={"authorization": f"bEARER {token}"}),
        await world.http.post("/userinfo", headers=bearer(token)),
        await world.http.post("/userinfo", data={"access_token": token}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4


async def test_two_ways_at_once_and_the_query(world: World, token: str) -> None:
    """O28"""
    both = await world.http.post("/userinfo", headers=bearer(token), data={"access_token": token})
    refused(both, 400, "invalid_request")
    refused(await world.http.get("/userinfo", params={"access_token": token}), 400, "invalid_request")
    refused(await world.http.get("/userinfo", headers={"authorization": "Bearer a b"}), 400, "invalid_request")
    refused(await world.http.get("/userinfo", headers={"authorization": "Bearer "}), 400, "invalid_request")


async def test_no_token_is_challenged_without_an_error_code(world: World) -> None:
    for headers in ({}, {"authorization": "Basic eDp5"}):
        answer = await world.http.get("/userinfo", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="watchword"'


async def test_a_token_for_an_api_is_not_accepted(world: World, client: Client) -> None:
    """O38"""
    body = await world.sign_in(client, scopes=SCOPES)
    refused(await world.http.get("/userinfo", headers=bearer(body["access_token"])), 401, "invalid_token")


async def test_a_client_speaking_for_itself_is_no_user(world: World, client: Client) -> None:
    body = (await world.token(client, {"grant_type": "client_credentials"})).json()
    refused(await world.http.get("/userinfo", headers=bearer(body["access_token"])), 401, "invalid_token")


async def test_openid_is_needed(world: World, client: Client) -> None:
    body = await world.sign_in(client, scopes=("profile",), resources=())
    refused(await world.http.get("/userinfo", headers=bearer(body["access_token"])), 403, "insufficient_scope")


async def test_other_tokens_are_no_access_tokens(world: World, client: Client, token: str) -> None:
    """O23: an ID token, a refresh token, a changed token, one of a foreign key."""
    body = await world.sign_in(client, scopes=SCOPES, resources=())
    claims = await world.claims_of(token)
    forged = jwt.encode(claims, Key.generate("ES256"), typ="at+jwt")
    changed = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    for text in (body["id_token"], body["refresh_token"], forged, changed, "x.y.z", "x"):
        refused(await world.http.get("/userinfo", headers=bearer(text)), 401, "invalid_token")


async def test_a_token_expires_and_is_withdrawn(world: World, client: Client, token: str) -> None:
    """O32: what is withdrawn is refused at once."""
    jti = (await world.claims_of(token))["jti"]
    job = partial(
        withdraw.token, jti=jti, expires_at=world.clock.now() + 300, reason="test", actor=SYSTEM, now=world.clock.now()
    )
    await world.issuer.store.write(job)
    refused(await world.http.get("/userinfo", headers=bearer(token)), 401, "invalid_token")
    fresh = (await world.sign_in(client, scopes=SCOPES, resources=()))["access_token"]
    world.clock.advance(299)
    assert (await world.http.get("/userinfo", headers=bearer(fresh))).status_code == 200
    world.clock.advance(1)
    refused(await world.http.get("/userinfo", headers=bearer(fresh)), 401, "invalid_token")


async def test_a_disabled_user_is_not_told_of(world: World, token: str) -> None:
    """O29"""
    await world.issuer.store.write(partial(users.set_status, user_id=world.user.id, status="disabled"))
    refused(await world.http.get("/userinfo", headers=bearer(token)), 401, "invalid_token")


async def test_a_compromised_key_makes_its_tokens_worthless_at_once(world: World, token: str) -> None:
    """O32: the records say so before this process has read the ring again."""
    kid = (await world.issuer.keys.signer("ES256")).kid
    await world.issuer.store.write(partial(withdraw.key, kid=kid, reason="leaked", actor=SYSTEM, now=world.clock.now()))
    refused(await world.http.get("/userinfo", headers=bearer(token)), 401, "invalid_token")


async def test_a_refresh_for_the_issuer_opens_userinfo(world: World, client: Client) -> None:
    body = await world.sign_in(client, scopes=SCOPES)
    fresh = (await world.refresh(client, body["refresh_token"], resource=ISSUER)).json()
    answer = await world.http.get("/userinfo", headers=bearer(fresh["access_token"]))
    assert answer.json()["email"] == "alice@example.com"
