"""Each artefact at each place that takes one: it is good where it belongs and nowhere else (O23)."""

from collections.abc import Awaitable, Callable
from functools import partial

import httpx2
import pytest
from sqlalchemy import Connection, func, select
from tests.issuer.issuing import ISSUER, REDIRECT, SECRET, VERIFIER, World

from watchword.issuer.cookies import SESSION
from watchword.oauth import pkce
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.repositories import sessions, setup_links
from watchword.store.repositories.clients import Client
from watchword.store.tables import audit, authorization_codes, journal, refresh_tokens

pytestmark = pytest.mark.anyio

ARTEFACTS = (
    "code",
    "refresh token",
    "access token",
    "userinfo token",
    "id token",
    "client secret",
    "client id",
    "set-up token",
    "session cookie",
    "sid",
    "hash of the code",
    "hash of the refresh token",
)


async def make(world: World, client: Client) -> dict[str, str]:
    """One of everything, all of it good now."""
    now = world.clock.now()
    body = await world.sign_in(client)
    own = await world.sign_in(client, resources=())
    setup, cookie = new_bearer("wws"), new_bearer("session")
    await world.issuer.store.write(partial(setup_links.create, token_hash=digest(setup), now=now))
    await world.issuer.store.write(
        partial(
            sessions.create,
            user_id=world.user.id,
            cookie_hash=digest(cookie),
            auth_time=now,
            acr="urn:watchword:acr:password",
            amr=("pwd",),
            now=now,
            lifetime=3600,
        )
    )
    code = await world.code(client)
    identity = await world.claims_of(body["id_token"], typ="JWT")
    return {
        "code": code,
        "refresh token": body["refresh_token"],
        "access token": body["access_token"],
        "userinfo token": own["access_token"],
        "id token": body["id_token"],
        "client secret": SECRET,
        "client id": client.id,
        "set-up token": setup,
        "session cookie": cookie,
        "sid": identity["sid"],
        "hash of the code": digest(code),
        "hash of the refresh token": digest(body["refresh_token"]),
    }


async def counted(world: World) -> list[int]:
    """How much there is of what an artefact could have moved."""

    def count(connection: Connection) -> list[int]:
        used = select(func.count()).select_from(authorization_codes).where(authorization_codes.c.used_at.is_not(None))
        tables = [select(func.count()).select_from(table) for table in (audit, journal, refresh_tokens)]
        return [connection.execute(statement).scalar_one() for statement in (used, *tables)]

    return await world.issuer.store.read(count)


def at(world: World, client: Client, text: str) -> dict[str, Callable[[], Awaitable[httpx2.Response]]]:
    """Every place, asked with ``text``."""
    post = world.http.post
    header = {"authorization": f"Bearer {text}"}
    redeem = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    alone = {"grant_type": "client_credentials"}
    cookie = {"cookie": f"{SESSION.name(world.issuer.settings)}={text}"}
    silent = {
        "client_id": client.id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "prompt": "none",
        "code_challenge": pkce.challenge_of(VERIFIER),
        "code_challenge_method": pkce.METHOD,
    }
    return {
        "code": partial(world.token, client, {**redeem, "code": text}),
        "refresh": partial(world.refresh, client, text),
        "secret": partial(post, "/token", data=alone, auth=(client.id, text)),
        "client": partial(post, "/token", data=alone, auth=(text, SECRET)),
        "bearer instead of a secret": partial(post, "/token", data=alone, headers=header),
        "assertion": partial(
            world.token, client, {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": text}
        ),
        "introspection": partial(world.post, "/introspect", client, {"token": text}),
        "introspection caller": partial(post, "/introspect", data={"token": "x"}, headers=header),
        "userinfo header": partial(world.http.get, "/userinfo", headers=header),
        "userinfo body": partial(post, "/userinfo", data={"access_token": text}),
        "session": partial(world.http.get, "/authorize", params=silent, headers=cookie),
    }


GOOD = {
    ("code", "code"),
    ("refresh token", "refresh"),
    ("client secret", "secret"),
    ("client id", "client"),
    ("access token", "introspection"),
    ("userinfo token", "introspection"),
    ("refresh token", "introspection"),
    ("userinfo token", "userinfo header"),
    ("userinfo token", "userinfo body"),
    ("session cookie", "session"),
}


def was_taken(answer: httpx2.Response, place: str) -> bool:
    if place == "introspection":
        assert answer.status_code == 200
        return bool(answer.json()["active"])
    if place == "session":
        return "code=" in answer.headers.get("location", "")
    return answer.status_code == 200


async def test_o23_each_artefact_at_every_place(world: World) -> None:
    """N x N: taken exactly where it belongs, and what is refused has moved nothing."""
    client = await world.client()
    made = await make(world, client)
    assert tuple(made) == ARTEFACTS
    for name, text in made.items():
        for place, ask in at(world, client, text).items():
            if (name, place) in GOOD:
                continue
            before = await counted(world)
            answer = await ask()
            assert not was_taken(answer, place), f"the {name} was taken as {place}"
            assert answer.status_code < 500, f"{name} as {place}: {answer.status_code}"
            assert await counted(world) == before, f"the {name} moved something as {place}"
    # Everything is still good where it belongs: none of the refusals above has another reason.
    for name, place in sorted(
        GOOD, key=lambda pair: pair[0] in {"code", "refresh token"} and pair[1] != "introspection"
    ):
        answer = await at(world, client, made[name])[place]()
        assert was_taken(answer, place), f"the {name} as {place}: {answer.text}"


async def test_o23_nothing_of_one_client_is_taken_from_another(world: World) -> None:
    """O22, O27, O37: the same artefacts, presented by a client that is as good as the first."""
    client, thief, public = await world.client(), await world.client(), await world.public_client()
    made = await make(world, client)
    before = await counted(world)
    for caller in (thief, public):
        assert (await world.redeem(caller, made["code"])).json()["error"] == "invalid_grant"
        assert (await world.refresh(caller, made["refresh token"])).json()["error"] == "invalid_grant"
        for text in made.values():
            assert (await world.post("/revoke", caller, {"token": text})).status_code == 200
    for text in made.values():
        assert not await world.is_active(thief, text)
    assert await counted(world) == before
    assert await world.is_active(client, made["access token"])
    assert (await world.refresh(client, made["refresh token"])).status_code == 200
    assert (await world.redeem(client, made["code"])).status_code == 200


async def test_o28_bearer_artefacts_in_the_query_are_refused(world: World) -> None:
    client = await world.client()
    made = await make(world, client)
    before = await counted(world)
    for path in ("/token", "/introspect", "/revoke"):
        for name in ("code", "refresh_token", "token", "client_secret", "x"):
            for text in (made["code"], made["refresh token"]):
                answer = await world.http.post(
                    f"{path}?{name}={text}",
                    data={"grant_type": "client_credentials", "token": "x"},
                    auth=(client.id, SECRET),
                )
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
                assert text not in answer.text
    for method in ("GET", "POST"):
        answer = await world.http.request(method, f"{ISSUER}/userinfo?access_token={made['userinfo token']}")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await counted(world) == before
