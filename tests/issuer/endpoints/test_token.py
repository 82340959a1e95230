"""The token endpoint, as clients see it: O20-O31, O35, O36, O38 and R03-R08."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.issuer.issuing import ISSUER, ORDERS, REDIRECT, SECRET, STOCK, VERIFIER, World

from watchword.events import ReuseDetected
from watchword.issuer.revocation import withdraw
from watchword.jose.jwt import half_hash
from watchword.oauth.bearer import digest
from watchword.oauth.revocation import journal_digest
from watchword.store.repositories import audit, clients, journal, refresh_tokens, roles, sessions, users
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.clients import Client
from watchword.store.repositories.users import UserStatus

pytestmark = pytest.mark.anyio

CLIENT_CREDENTIALS = {"grant_type": "client_credentials", "resource": ORDERS}


def refused(answer: Any, status: int, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


# Client credentials


async def test_client_credentials_give_an_access_token_of_rfc9068(world: World) -> None:
    client = await world.client()
    await world.issuer.store.write(partial(roles.assign, subject_id=client.id, role="robot", now=world.clock.now()))
    answer = await world.token(client, CLIENT_CREDENTIALS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, "orders:read")
    assert "refresh_token" not in body
    claims = await world.claims_of(body["access_token"])
    now = int(world.clock.now())
    assert len(claims.pop("jti")) == 26
    assert claims == {
        "iss": ISSUER,
        "sub": client.id,
        "aud": ORDERS,
        "client_id": client.id,
        "iat": now,
        "exp": now + 300,
        "scope": "orders:read",
        "roles": ["robot"],
        "ww_epoch": [0, 0, 0],
    }


async def test_client_credentials_write_nothing(world: World) -> None:
    client = await world.client()
    before = await world.issuer.store.read(partial(audit.latest, limit=1000))
    written: list[object] = []
    write = type(world.issuer.store).write

    async def counting(self: Any, job: Any) -> Any:
        written.append(job)
        return await write(self, job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.issuer.store), "write", counting)
        assert (await world.token(client, CLIENT_CREDENTIALS)).status_code == 200
    assert not written
    assert await world.issuer.store.read(partial(audit.latest, limit=1000)) == before


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"resource": STOCK}, "invalid_target"),
        ({"resource": "https://nobody.example"}, "invalid_target"),
        ({"resource": "not a uri"}, "invalid_target"),
        ({"resource": [ORDERS, STOCK]}, "invalid_target"),
        ({"resource": ORDERS, "scope": "orders:write"}, "invalid_scope"),
        ({"resource": ORDERS, "scope": "orders:read openid"}, "invalid_scope"),
        ({"resource": ORDERS, "scope": "offline_access"}, "invalid_scope"),
        ({"scope": "orders:read"}, "invalid_scope"),
    ],
)
async def test_client_credentials_beyond_what_the_client_has(world: World, form: dict[str, Any], error: str) -> None:
    """O27, O38: another API, no API, another scope."""
    client = await world.client()
    refused(await world.token(client, {"grant_type": "client_credentials", **form}), 400, error)


async def test_without_resource_the_default_api_is_meant_and_else_the_issuer(world: World) -> None:
    bound = await world.client(default_api=ORDERS)
    token = (await world.token(bound, {"grant_type": "client_credentials"})).json()["access_token"]
    assert (await world.claims_of(token))["aud"] == ORDERS
    free = await world.client()
    token = (await world.token(free, {"grant_type": "client_credentials"})).json()["access_token"]
    claims = await world.claims_of(token)
    assert (claims["aud"], claims["scope"]) == (ISSUER, "")


# Client authentication


async def test_each_registered_method_works_and_no_other(world: World) -> None:
    """O36: the matrix of what is registered and what is used."""
    methods = ("client_secret_basic", "client_secret_post", "none")
    for registered in methods:
        secret = None if registered == "none" else digest(SECRET)
        client = await world.client(auth_method=registered, secret_hash=secret)
        for used in methods:
            form = {"grant_type": "refresh_token", "refresh_token": "x"}
            answer = await world.post("/token", replace(client, auth_method=used), form)
            if used == registered:
                refused(answer, 400, "invalid_grant")
            else:
                refused(answer, 401, "invalid_client")
                assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_two_methods_at_once(world: World) -> None:
    """O36"""
    client = await world.client()
    form = {**CLIENT_CREDENTIALS, "client_id": client.id, "client_secret": SECRET}
    refused(await world.http.post("/token", data=form, auth=(client.id, SECRET)), 400, "invalid_request")


def basic(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return "Basic " + base64.b64encode(raw).decode()


async def test_basic_is_read_strictly(world: World) -> None:
    """O35: form-encoded, nothing looser."""
    client = await world.client()
    good = f"{client.id}:{SECRET}"
    for header in (
        basic(good)[:-2] + "!!",
        basic(client.id),
        basic(f"{client.id}:{SECRET}%"),
        basic(f"{client.id}:{SECRET}%zz"),
        basic(f"{client.id}:{SECRET} "),
        basic(f"{client.id}:%ff"),
        basic(f"{client.id}:{SECRET}%00"),
        basic(f"{client.id}:"),
        basic(f":{SECRET}"),
        basic(good + "\n"),
        basic(good.encode() + b"\xc3\xa9"),
        basic(f"{client.id}:{SECRET}x"),
        "Basic",
        "Bearer " + SECRET,
        "Digest " + basic(good)[6:],
    ):
        answer = await world.http.post("/token", data=CLIENT_CREDENTIALS, headers={"authorization": header})
        refused(answer, 401, "invalid_client")
    encoded = "".join(f"%{ord(character):02x}" for character in SECRET)
    for header in (basic(good), basic(f"{client.id}:{encoded}"), basic(good).replace("Basic", "bAsIc")):
        answer = await world.http.post("/token", data=CLIENT_CREDENTIALS, headers={"authorization": header})
        assert answer.status_code == 200


async def test_header_and_body_must_not_name_different_clients(world: World) -> None:
    client, other = await world.client(), await world.client()
    form = {**CLIENT_CREDENTIALS, "client_id": other.id}
    refused(await world.http.post("/token", data=form, auth=(client.id, SECRET)), 401, "invalid_client")
    form["client_id"] = client.id
    assert (await world.http.post("/token", data=form, auth=(client.id, SECRET))).status_code == 200


async def test_unknown_disabled_and_wrong_answer_alike(world: World) -> None:
    """O29, O83: nobody learns which clients exist."""
    disabled = await world.client(status="disabled")
    known = await world.client()
    answers = [
        await world.http.post("/token", data=CLIENT_CREDENTIALS, auth=("nobody", SECRET)),
        await world.http.post("/token", data=CLIENT_CREDENTIALS, auth=(disabled.id, SECRET)),
        await world.http.post("/token", data=CLIENT_CREDENTIALS, auth=(known.id, "wrong")),
    ]
    bodies = [{**answer.json(), "correlation_id": None} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    for answer in answers:
        refused(answer, 401, "invalid_client")


async def test_an_imported_secret_is_argon2id(world: World) -> None:
    secret_hash = await world.issuer.passwords.hash(SECRET)
    client = await world.client(secret_hash=secret_hash)
    assert (await world.token(client, CLIENT_CREDENTIALS)).status_code == 200
    wrong = await world.http.post("/token", data=CLIENT_CREDENTIALS, auth=(client.id, "wrong"))
    refused(wrong, 401, "invalid_client")


# The request itself


async def test_malformed_requests(world: World) -> None:
    client = await world.client()
    auth = (client.id, SECRET)
    post = partial(world.http.post, "/token", auth=auth)
    refused(await post(data={"scope": "x"}), 400, "invalid_request")
    refused(await post(data={"grant_type": "password"}), 400, "unsupported_grant_type")
    refused(await post(json=CLIENT_CREDENTIALS), 400, "invalid_request")
    twice = {"grant_type": ["client_credentials", "client_credentials"]}
    refused(await post(data=twice), 400, "invalid_request")
    refused(await post(data={"grant_type": "authorization_code"}), 400, "invalid_request")
    assert (await world.http.get("/token")).status_code == 405


async def test_nothing_is_read_from_the_query(world: World) -> None:
    """O28"""
    client = await world.client()
    answer = await world.http.post(
        "/token", params={"refresh_token": "x"}, data=CLIENT_CREDENTIALS, auth=(client.id, SECRET)
    )
    refused(answer, 400, "invalid_request")


async def test_a_grant_type_the_client_is_not_registered_for(world: World) -> None:
    """O31"""
    client = await world.client(grant_types=("authorization_code",))
    refused(await world.token(client, CLIENT_CREDENTIALS), 400, "unauthorized_client")
    public = await world.public_client()
    refused(await world.token(public, CLIENT_CREDENTIALS), 400, "unauthorized_client")


# Authorization code


async def test_a_code_gives_access_id_and_refresh_token(world: World) -> None:
    client = await world.client()
    await world.issuer.store.write(partial(roles.assign, subject_id=world.user.id, role="admin", now=world.clock.now()))
    body = await world.sign_in(client)
    assert body["scope"] == "orders:read orders:write"
    claims = await world.claims_of(body["access_token"])
    now = int(world.clock.now())
    assert claims["gid"]
    assert "sid" not in claims, "an offline grant outlives the session"
    assert {name: claims[name] for name in ("sub", "aud", "client_id", "auth_time", "acr", "amr", "roles", "exp")} == {
        "sub": world.user.id,
        "aud": ORDERS,
        "client_id": client.id,
        "auth_time": now,
        "acr": "urn:watchword:acr:password",
        "amr": ["pwd"],
        "roles": ["admin"],
        "exp": now + 300,
    }
    identity = await world.claims_of(body["id_token"], typ="JWT")
    assert identity["at_hash"] == half_hash(body["access_token"], "RS256")
    assert identity["sid"]
    assert {name: identity[name] for name in ("iss", "sub", "aud", "nonce", "auth_time", "acr")} == {
        "iss": ISSUER,
        "sub": world.user.id,
        "aud": client.id,
        "nonce": "n-1",
        "auth_time": now,
        "acr": "urn:watchword:acr:password",
    }
    assert "azp" not in identity


async def test_the_id_token_is_signed_as_registered(world: World) -> None:
    client = await world.client(id_token_alg="ES256")
    body = await world.sign_in(client)
    identity = await world.claims_of(body["id_token"], typ="JWT")
    assert identity["at_hash"] == half_hash(body["access_token"], "ES256")
    header = base64.urlsafe_b64decode(body["id_token"].split(".")[0] + "==")
    assert b'"ES256"' in header


async def test_a_session_grant_carries_sid_and_ends_with_the_session(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client, scopes=("openid", "orders:read"))
    claims = await world.claims_of(body["access_token"])
    assert claims["sid"] == (await world.claims_of(body["id_token"], typ="JWT"))["sid"]
    assert (await world.refresh(client, body["refresh_token"])).status_code == 200
    world.clock.advance(world.issuer.settings.session_lifetime)
    refused(await world.refresh(client, body["refresh_token"]), 400, "invalid_grant")


async def test_no_refresh_token_without_the_grant_type(world: World) -> None:
    client = await world.client(grant_types=("authorization_code",))
    body = await world.sign_in(client)
    assert "refresh_token" not in body
    assert "sid" in await world.claims_of(body["access_token"]), "offline access was not granted"


async def test_user_claims_travel_in_the_id_token_when_the_access_token_is_for_an_api(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client, scopes=("openid", "email"))
    identity = await world.claims_of(body["id_token"], typ="JWT")
    assert (identity["email"], identity["email_verified"]) == ("alice@example.com", True)
    assert "name" not in identity
    body = await world.sign_in(client, scopes=("openid", "email"), resources=())
    assert "email" not in await world.claims_of(body["id_token"], typ="JWT")


async def test_the_claims_parameter_for_the_id_token(world: World) -> None:
    wanted = {"id_token": {"name": {"essential": True}, "address": None, "sub": {"value": "mallory"}}}
    client = await world.client()
    body = await world.sign_in(client, scopes=("openid",), resources=(), claims=wanted)
    identity = await world.claims_of(body["id_token"], typ="JWT")
    assert identity["name"] == "Alice Liddell"
    assert identity["sub"] == world.user.id
    stranger = await world.client(origin="dynamic")
    body = await world.sign_in(stranger, scopes=("openid",), resources=(), claims=wanted)
    assert "name" not in await world.claims_of(body["id_token"], typ="JWT")


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": None},
        {"code_verifier": "w" * 43},
        {"code_verifier": "v" * 42},
        {"code": "wwc_" + "x" * 43},
    ],
)
async def test_a_code_is_bound_to_its_request(world: World, changes: dict[str, Any]) -> None:
    """O22: a wrong binding is refused and does not use the code up."""
    client = await world.client()
    code = await world.code(client)
    refused(await world.redeem(client, **{"code": code, **changes}), 400, "invalid_grant")
    assert (await world.redeem(client, code)).status_code == 200


async def test_the_verifier_cannot_be_left_out_nor_added(world: World) -> None:
    """O09: PKCE is not downgraded in either direction."""
    client = await world.client(profile="oidc")
    refused(await world.redeem(client, await world.code(client), code_verifier=None), 400, "invalid_request")
    unchallenged = await world.code(client, code_challenge=None)
    refused(await world.redeem(client, unchallenged), 400, "invalid_grant")
    assert (await world.redeem(client, unchallenged, code_verifier=None)).status_code == 200


async def test_a_redirect_uri_that_was_not_sent_may_be_left_out(world: World) -> None:
    client = await world.client()
    code = await world.code(client, redirect_uri_sent=False)
    refused(await world.redeem(client, code, redirect_uri="https://evil.example/"), 400, "invalid_grant")
    assert (await world.redeem(client, code, redirect_uri=None)).status_code == 200


async def test_a_code_of_another_client_is_refused_and_stays_good(world: World) -> None:
    """O22 (CVE-2026-16089)"""
    client, thief = await world.client(), await world.client()
    code = await world.code(client)
    refused(await world.redeem(thief, code), 400, "invalid_grant")
    body = (await world.redeem(client, code)).json()
    refused(await world.redeem(thief, code), 400, "invalid_grant")
    assert await world.is_active(client, body["access_token"]), "a stranger cannot revoke by presenting a used code"


async def test_a_code_lives_for_a_minute(world: World) -> None:
    client = await world.client()
    code = await world.code(client)
    world.clock.advance(60)
    refused(await world.redeem(client, code), 400, "invalid_grant")


@pytest.mark.parametrize("later", [0, 1, 30, 90])
async def test_a_second_use_of_a_code_revokes_everything_made_from_it(world: World, later: float) -> None:
    """O20, also after the code's minute is over."""
    client = await world.client()
    code = await world.code(client)
    body = (await world.redeem(client, code)).json()
    gid = (await world.claims_of(body["access_token"]))["gid"]
    world.clock.advance(later)
    refused(await world.redeem(client, code), 400, "invalid_grant")
    assert not await world.is_active(client, body["access_token"])
    refused(await world.refresh(client, body["refresh_token"]), 400, "invalid_grant")
    listed = partial(journal.contains, kind="grant", digest=journal_digest("grant", ISSUER, gid))
    assert await world.issuer.store.read(listed)
    entries = await world.issuer.store.read(partial(audit.latest, limit=100))
    revoked = [entry for entry in entries if entry.action == "grant.revoked"]
    assert [(entry.target_id, entry.details) for entry in revoked] == [(gid, {"reason": "code_reuse"})]
    assert (revoked[0].actor.kind, revoked[0].actor.id) == ("client", client.id)
    assert ReuseDetected(world.clock.now(), gid, "authorization_code") in world.listener.events


async def test_fifty_redemptions_at_once_give_one_answer(world: World) -> None:
    """O21: exactly one 200; the others are a second use."""
    client = await world.client()
    code = await world.code(client)
    answers = await asyncio.gather(*(world.redeem(client, code) for _ in range(50)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.status_code for answer in answers} <= {200, 400, 503}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    body = good[0].json()
    assert not await world.is_active(client, body["access_token"])
    refused(await world.refresh(client, body["refresh_token"]), 400, "invalid_grant")


async def test_one_kind_of_artefact_is_never_another(world: World) -> None:
    """O23: a code is no refresh token, a refresh token no code, an access token neither."""
    client = await world.client()
    code = await world.code(client)
    refused(await world.refresh(client, code), 400, "invalid_grant")
    body = (await world.redeem(client, code)).json()
    for text in (body["refresh_token"], body["access_token"], body["id_token"]):
        refused(await world.redeem(client, text), 400, "invalid_grant")
    for text in (body["access_token"], body["id_token"]):
        refused(await world.refresh(client, text), 400, "invalid_grant")
    assert await world.is_active(client, body["access_token"])


# Resources


async def test_a_token_is_for_one_of_the_granted_resources(world: World) -> None:
    """O38, O27: never for two, never for another."""
    client = await world.client(scopes=("openid", "orders:read", "stock:read"))
    code = await world.code(client, resources=(ORDERS, STOCK), scopes=("openid", "orders:read", "stock:read"))
    refused(await world.redeem(client, code), 400, "invalid_target")
    refused(await world.redeem(client, code, resource=[ORDERS, STOCK]), 400, "invalid_target")
    refused(await world.redeem(client, code, resource="https://other.example"), 400, "invalid_target")
    body = (await world.redeem(client, code, resource=STOCK)).json()
    assert body["scope"] == "stock:read"
    claims = await world.claims_of(body["access_token"])
    assert (claims["aud"], claims["scope"]) == (STOCK, "stock:read")


async def test_a_refresh_for_the_issuer_gives_a_userinfo_token(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    fresh = (await world.refresh(client, body["refresh_token"], resource=ISSUER)).json()
    claims = await world.claims_of(fresh["access_token"])
    assert (claims["aud"], claims["scope"]) == (ISSUER, "openid offline_access")


async def test_the_default_api_is_settled_when_the_grant_is_made(world: World) -> None:
    client = await world.client(default_api=ORDERS)
    code = await world.code(client, resources=())
    await world.issuer.store.write(partial(clients.update, client=replace(client, default_api=STOCK)))
    body = (await world.redeem(client, code)).json()
    assert (await world.claims_of(body["access_token"]))["aud"] == ORDERS


# Refresh tokens


async def test_a_refresh_rotates(world: World) -> None:
    for client in (await world.client(), await world.public_client()):
        body = await world.sign_in(client)
        fresh = (await world.refresh(client, body["refresh_token"])).json()
        assert fresh["refresh_token"] != body["refresh_token"]
        assert (await world.claims_of(fresh["access_token"]))["gid"] == (await world.claims_of(body["access_token"]))[
            "gid"
        ]
        identity = await world.claims_of(fresh["id_token"], typ="JWT")
        assert "nonce" not in identity
        assert identity["sub"] == world.user.id
        assert (await world.refresh(client, fresh["refresh_token"])).status_code == 200


async def test_fapi2_does_not_rotate_for_confidential_clients(world: World) -> None:
    client = await world.client(profile="fapi2")
    body = await world.sign_in(client)
    for _ in range(3):
        world.clock.advance(60)
        fresh = await world.refresh(client, body["refresh_token"])
        assert fresh.status_code == 200
        assert "refresh_token" not in fresh.json()
    public = await world.public_client(profile="fapi2")
    body = await world.sign_in(public)
    assert (await world.refresh(public, body["refresh_token"])).json()["refresh_token"] != body["refresh_token"]


async def test_a_lost_answer_is_given_again(world: World) -> None:
    """R03, R06: the same authenticated client gets the same successor within ten seconds."""
    client = await world.client()
    body = await world.sign_in(client)
    first = (await world.refresh(client, body["refresh_token"])).json()
    world.clock.advance(10)
    again = await world.refresh(client, body["refresh_token"])
    assert again.json()["refresh_token"] == first["refresh_token"]
    assert (await world.refresh(client, first["refresh_token"])).status_code == 200


@pytest.mark.parametrize(("seconds", "successor_used"), [(11, False), (1, True), (3600, False)])
async def test_reuse_revokes_the_family(world: World, *, seconds: float, successor_used: bool) -> None:
    """O24, R07: after the grace, or once the successor was used."""
    client = await world.client()
    body = await world.sign_in(client)
    newest = (await world.refresh(client, body["refresh_token"])).json()
    if successor_used:
        newest = (await world.refresh(client, newest["refresh_token"])).json()
    world.clock.advance(seconds)
    refused(await world.refresh(client, body["refresh_token"]), 400, "invalid_grant")
    refused(await world.refresh(client, newest["refresh_token"]), 400, "invalid_grant")
    assert not await world.is_active(client, newest["access_token"])
    gid = (await world.claims_of(body["access_token"]))["gid"]
    assert ReuseDetected(world.clock.now(), gid, "refresh_token") in world.listener.events


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_reuse_of_any_ancestor_revokes(world: World, which: int) -> None:
    """O24: oldest, middle, newest but one."""
    client = await world.client()
    texts = [(await world.sign_in(client))["refresh_token"]]
    for _ in range(3):
        texts.append((await world.refresh(client, texts[-1])).json()["refresh_token"])
        world.clock.advance(11)
    refused(await world.refresh(client, texts[which]), 400, "invalid_grant")
    refused(await world.refresh(client, texts[-1]), 400, "invalid_grant")


async def test_a_public_client_gets_no_grace_but_keeps_its_family(world: World) -> None:
    """R06: a thief without a key never benefits; several processes of one tool are not logged out."""
    client = await world.public_client()
    body = await world.sign_in(client)
    fresh = (await world.refresh(client, body["refresh_token"])).json()
    refused(await world.refresh(client, body["refresh_token"]), 400, "invalid_grant")
    newest = (await world.refresh(client, fresh["refresh_token"])).json()
    world.clock.advance(11)
    refused(await world.refresh(client, fresh["refresh_token"]), 400, "invalid_grant")
    refused(await world.refresh(client, newest["refresh_token"]), 400, "invalid_grant")


async def test_fifty_refreshes_at_once_have_one_successor(world: World) -> None:
    """R05, O25 (CVE-2026-1035)"""
    client = await world.client()
    body = await world.sign_in(client)
    answers = await asyncio.gather(*(world.refresh(client, body["refresh_token"]) for _ in range(50)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    successors = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    assert len(successors) == 1
    gid = (await world.claims_of(body["access_token"]))["gid"]
    family = await world.issuer.store.read(partial(refresh_tokens.of_grant, grant_id=gid))
    assert [token.generation for token in family] == [0, 1]
    assert (await world.refresh(client, successors.pop())).status_code == 200


async def test_fifty_refreshes_of_a_public_client_at_once(world: World) -> None:
    """R05: one winner, and the family is intact."""
    client = await world.public_client()
    body = await world.sign_in(client)
    answers = await asyncio.gather(*(world.refresh(client, body["refresh_token"]) for _ in range(50)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert (await world.refresh(client, good[0].json()["refresh_token"])).status_code == 200


async def test_refresh_tokens_do_not_live_for_ever(world: World) -> None:
    """O27, ASVS 10.4.8: an idle limit, and an absolute one that no use moves."""
    settings = world.issuer.settings
    client = await world.client()
    idle = await world.sign_in(client)
    used = await world.sign_in(client)
    world.clock.advance(settings.refresh_idle - 1)
    text = (await world.refresh(client, used["refresh_token"])).json()["refresh_token"]
    world.clock.advance(1)
    refused(await world.refresh(client, idle["refresh_token"]), 400, "invalid_grant")
    world.clock.advance(settings.refresh_idle - 2)
    text = (await world.refresh(client, text)).json()["refresh_token"]
    world.clock.advance(settings.refresh_lifetime - 2 * settings.refresh_idle + 1)
    last = (await world.refresh(client, text)).json()
    assert last["expires_in"] == 1, "no access token outlives the grant"
    world.clock.advance(1)
    refused(await world.refresh(client, last["refresh_token"]), 400, "invalid_grant")


async def test_a_refresh_narrows_and_never_widens(world: World) -> None:
    """O27"""
    client = await world.client()
    body = await world.sign_in(client, scopes=("openid", "offline_access", "orders:read"))
    text = body["refresh_token"]
    refused(await world.refresh(client, text, scope="orders:read orders:write"), 400, "invalid_scope")
    refused(await world.refresh(client, text, resource=STOCK), 400, "invalid_target")
    narrowed = (await world.refresh(client, text, scope="orders:read")).json()
    assert (narrowed["scope"], "id_token" in narrowed) == ("orders:read", False)
    whole = (await world.refresh(client, narrowed["refresh_token"])).json()
    assert "id_token" in whole, "the grant itself was not narrowed"


async def test_a_refresh_token_of_another_client(world: World) -> None:
    """O27: refused, and no reason to revoke."""
    client, thief = await world.client(), await world.client()
    body = await world.sign_in(client)
    refused(await world.refresh(thief, body["refresh_token"]), 400, "invalid_grant")
    assert (await world.refresh(client, body["refresh_token"])).status_code == 200


# The gate


async def disable_user(world: World, client: Client, status: UserStatus) -> None:
    await world.issuer.store.write(partial(users.set_status, user_id=world.user.id, status=status))


async def end_session(world: World, client: Client) -> None:
    await world.issuer.store.write(partial(sessions.end, session_id=world.session.id, now=world.clock.now()))


async def withdraw_subject(world: World, client: Client) -> None:
    job = partial(withdraw.subject, user_id=world.user.id, reason="test", actor=SYSTEM, now=world.clock.now())
    await world.issuer.store.write(job)


async def withdraw_client(world: World, client: Client) -> None:
    job = partial(withdraw.client, client_id=client.id, reason="test", actor=SYSTEM, now=world.clock.now())
    await world.issuer.store.write(job)


async def withdraw_everything(world: World, client: Client) -> None:
    await world.issuer.store.write(partial(withdraw.everything, reason="test", actor=SYSTEM, now=world.clock.now()))


async def withdraw_session(world: World, client: Client) -> None:
    job = partial(withdraw.session, session_id=world.session.id, reason="test", actor=SYSTEM, now=world.clock.now())
    await world.issuer.store.write(job)


async def withdraw_consent(world: World, client: Client) -> None:
    job = partial(
        withdraw.consent,
        user_id=world.user.id,
        client_id=client.id,
        reason="test",
        actor=SYSTEM,
        now=world.clock.now(),
    )
    await world.issuer.store.write(job)


WITHDRAWALS: Mapping[str, Any] = {
    "user disabled": partial(disable_user, status="disabled"),
    "user locked": partial(disable_user, status="locked"),
    "password to be reset": partial(disable_user, status="reset"),
    "session ended": end_session,
    "subject withdrawn": withdraw_subject,
    "client withdrawn": withdraw_client,
    "everything withdrawn": withdraw_everything,
    "session withdrawn": withdraw_session,
    "consent withdrawn": withdraw_consent,
}


@pytest.mark.parametrize("name", WITHDRAWALS)
async def test_the_gate_stands_at_every_redemption(world: World, name: str) -> None:
    """O29, O32: each level of withdrawal, for each artefact of a session grant."""
    client = await world.client()
    body = await world.sign_in(client, scopes=("openid", "orders:read"))
    code = await world.code(client, scopes=("openid", "orders:read"))
    assert await world.is_active(client, body["access_token"])
    assert await world.is_active(client, body["refresh_token"])
    await WITHDRAWALS[name](world, client)
    refused(await world.redeem(client, code), 400, "invalid_grant")
    refused(await world.refresh(client, body["refresh_token"]), 400, "invalid_grant")
    assert not await world.is_active(client, body["access_token"])
    assert not await world.is_active(client, body["refresh_token"])


async def test_an_offline_grant_outlives_its_session(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    await withdraw_session(world, client)
    assert await world.is_active(client, body["access_token"])
    fresh = await world.refresh(client, body["refresh_token"])
    assert fresh.status_code == 200
    assert "sid" not in await world.claims_of(fresh.json()["access_token"])
    await withdraw_consent(world, client)
    refused(await world.refresh(client, fresh.json()["refresh_token"]), 400, "invalid_grant")


async def test_a_client_that_is_disabled_between_code_and_token(world: World) -> None:
    """O29: the gate is at issue too."""
    client = await world.client()
    await world.issuer.store.write(partial(clients.update, client=replace(client, status="disabled")))
    with pytest.raises(Exception, match="denied"):
        await world.code(client)
    refused(await world.token(client, CLIENT_CREDENTIALS), 401, "invalid_client")


async def test_tokens_made_after_a_withdrawal_carry_the_new_epoch(world: World) -> None:
    client = await world.client()
    old = (await world.token(client, CLIENT_CREDENTIALS)).json()["access_token"]
    await withdraw_client(world, client)
    assert not await world.is_active(client, old)
    new = (await world.token(client, CLIENT_CREDENTIALS)).json()["access_token"]
    assert (await world.claims_of(new))["ww_epoch"] == [0, int(world.clock.now()), 0]
    assert await world.is_active(client, new)
    await withdraw_client(world, client)
    newest = (await world.token(client, CLIENT_CREDENTIALS)).json()["access_token"]
    assert (await world.claims_of(newest))["ww_epoch"] == [0, int(world.clock.now()) + 1, 0], "an epoch always grows"


async def test_no_token_is_repeated_in_a_repr(world: World) -> None:
    """O80: what is logged by accident shows no bearer artefact."""
    client = await world.client()
    assert SECRET not in repr(client)
    assert VERIFIER not in repr(world)
