"""Every way in which trust is withdrawn, through its public door: G7, O20, R07-R09, R40.

For each cause a person signs in with a browser, an application gets tokens, and something happens. From then on a
second process over the same database refuses at once, a verifier that reads the journal refuses, one transaction has
left its audit rows, and the journal has no gap.
"""

import base64
import io
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.conftest import MASTER_KEY
from tests.issuer.browsing import Browser, person, told_to_client
from tests.issuer.issuing import ISSUER, ORDERS, SECRET, Listener, World, client_of, make_issuer
from tests.issuer.revocation.serving import served

from watchword import cli
from watchword.admin import client_changes, keys, revocation, user_changes, users
from watchword.admin.desk import AdminDesk
from watchword.issuer.app import create_app
from watchword.store.engine import open_store
from watchword.store.repositories import apis, audit, consents, journal, roles
from watchword.store.repositories.clients import Client
from watchword.store.repositories.users import User
from watchword.verify import Verifier
from watchword.verify.errors import TokenRevokedError

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

NEW_PASSWORD = "a heron on the far weir"


@dataclass(frozen=True)
class Scene:
    """What somebody holds before it is withdrawn."""

    world: World
    desk: AdminDesk
    browser: Browser
    user: User
    client: Client
    code: str
    body: dict[str, str]
    claims: dict[str, object]
    older: str
    command: Callable[..., Awaitable[None]]

    @property
    def access_token(self) -> str:
        return self.body["access_token"]

    def claim(self, name: str) -> str:
        return str(self.claims[name])

    async def key(self) -> str:
        signer = await self.world.issuer.keys.signer("ES256")
        return str(signer.kid)


Strike = Callable[[Scene], Awaitable[object]]


@dataclass(frozen=True)
class Cause:
    """What happens, and what is to be seen.

    Args:
        strike: makes it happen.
        actions: the audit rows of it, in alphabetical order.
        kinds: the kinds of the journal's rows.
        refresh: the error of the refresh token; None where it goes on.
        userinfo: the status of the userinfo endpoint for a token of the same grant.
    """

    strike: Strike
    actions: tuple[str, ...]
    kinds: tuple[str, ...]
    refresh: str | None = "invalid_grant"
    userinfo: int = 401


async def revoke(scene: Scene, token: str) -> None:
    answer = await scene.world.post("/revoke", scene.client, {"token": token})
    assert answer.status_code == 200


async def replay_the_code(scene: Scene) -> None:
    answer = await scene.world.redeem(scene.client, scene.code)
    assert answer.json()["error"] == "invalid_grant"


async def reuse_a_refresh_token(scene: Scene) -> None:
    answer = await scene.world.refresh(scene.client, scene.older)
    assert answer.json()["error"] == "invalid_grant"


async def log_out(scene: Scene) -> None:
    answer = await scene.browser.http.get("/end_session", params={"id_token_hint": scene.body["id_token"]})
    assert answer.status_code == 303


async def somebody_else_signs_in(scene: Scene) -> None:
    await person(scene.world, "carol")
    page = await scene.browser.open(await scene.browser.authorize(scene.client, prompt="login"))
    answer = await scene.browser.sign_in(page, "carol")
    assert answer.status_code == 303, answer.text


async def take_a_role_away(scene: Scene) -> None:
    await user_changes.remove_role(scene.desk, scene.user.id, "clerk")


async def compromise(scene: Scene) -> None:
    await keys.compromise(scene.desk, await scene.key())


async def revoke_key_at_the_terminal(scene: Scene) -> None:
    await scene.command("revoke", "key", await scene.key(), "--yes")


SESSION: dict[str, Any] = {"actions": ("session.ended",), "kinds": ("session",)}
SUBJECT: dict[str, Any] = {"actions": ("user.tokens_revoked",), "kinds": ("subject",)}
CLIENT: dict[str, Any] = {"actions": ("client.tokens_revoked",), "kinds": ("client",)}
GRANT: dict[str, Any] = {"actions": ("grant.revoked",), "kinds": ("grant",)}
TOKEN: dict[str, Any] = {"actions": ("token.revoked",), "kinds": ("token",)}
CONSENT: dict[str, Any] = {"actions": ("consent.withdrawn",), "kinds": ("grant",)}
ALL: dict[str, Any] = {"actions": ("issuer.tokens_revoked",), "kinds": ("all",)}
# The successor signs at once; the place it leaves is filled when the ring is looked at next.
KEY: dict[str, Any] = {"actions": ("key.activated", "key.compromised"), "kinds": ("key",), "refresh": None}


CAUSES: dict[str, Cause] = {
    "token, by its client": Cause(lambda s: revoke(s, s.access_token), **TOKEN, refresh=None, userinfo=200),
    "refresh token, by its client": Cause(lambda s: revoke(s, s.body["refresh_token"]), **GRANT),
    "code replayed": Cause(replay_the_code, **GRANT),
    "refresh token reused": Cause(reuse_a_refresh_token, **GRANT),
    "logout": Cause(log_out, **SESSION),
    "another user in the same browser": Cause(
        somebody_else_signs_in, ("grant.created", "session.begin", "session.ended"), ("session",)
    ),
    "token, by an operator": Cause(
        lambda s: revocation.revoke_token(s.desk, s.claim("jti")), **TOKEN, refresh=None, userinfo=200
    ),
    "grant": Cause(lambda s: revocation.revoke_grant(s.desk, s.claim("gid")), **GRANT),
    "session, by a client's name for it": Cause(lambda s: revocation.revoke_session(s.desk, s.claim("sid")), **SESSION),
    "consent": Cause(lambda s: revocation.revoke_consent(s.desk, "bob", s.client.id), **CONSENT),
    "user, signed out everywhere": Cause(lambda s: revocation.revoke_user(s.desk, "bob@example.com"), **SUBJECT),
    "client": Cause(lambda s: revocation.revoke_client(s.desk, s.client.id), **CLIENT),
    "everything": Cause(lambda s: revocation.revoke_everything(s.desk), **ALL),
    "password set": Cause(
        lambda s: users.set_password(s.desk, "bob", NEW_PASSWORD),
        ("user.password_changed", "user.tokens_revoked"),
        ("subject",),
    ),
    "user disabled": Cause(
        lambda s: users.disable_user(s.desk, "bob"), ("user.disabled", "user.tokens_revoked"), ("subject",)
    ),
    "role taken away": Cause(take_a_role_away, ("user.role_removed", "user.tokens_revoked"), ("subject",)),
    "client disabled": Cause(
        lambda s: client_changes.disable_client(s.desk, s.client.id),
        ("client.disabled", "client.tokens_revoked"),
        ("client",),
        refresh="invalid_client",
    ),
    "client deleted": Cause(
        lambda s: client_changes.delete_client(s.desk, s.client.id),
        ("client.deleted", "client.tokens_revoked"),
        ("client",),
        refresh="invalid_client",
    ),
    "key": Cause(compromise, **KEY),
    "token, at the terminal": Cause(
        lambda s: s.command("revoke", "token", s.claim("jti")), **TOKEN, refresh=None, userinfo=200
    ),
    "grant, at the terminal": Cause(lambda s: s.command("revoke", "grant", s.claim("gid")), **GRANT),
    "session, at the terminal": Cause(lambda s: s.command("revoke", "session", s.claim("sid")), **SESSION),
    "consent, at the terminal": Cause(lambda s: s.command("revoke", "consent", "bob", s.client.id), **CONSENT),
    "user, at the terminal": Cause(lambda s: s.command("revoke", "user", "bob"), **SUBJECT),
    "client, at the terminal": Cause(lambda s: s.command("revoke", "client", s.client.id), **CLIENT),
    "everything, at the terminal": Cause(lambda s: s.command("revoke", "everything", "--yes"), **ALL),
    "user disabled, at the terminal": Cause(
        lambda s: s.command("user", "disable", "bob"), ("user.disabled", "user.tokens_revoked"), ("subject",)
    ),
    "client deleted, at the terminal": Cause(
        lambda s: s.command("client", "delete", s.client.id, "--yes"),
        ("client.deleted", "client.tokens_revoked"),
        ("client",),
        refresh="invalid_client",
    ),
    "key, at the terminal": Cause(revoke_key_at_the_terminal, **KEY),
}


@pytest.mark.parametrize("name", CAUSES)
async def test_it_holds_everywhere_at_once(
    world: World, store_url: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = CAUSES[name]
    scene = await begun(world, at_the_terminal(store_url, tmp_path, monkeypatch))
    async with second_process(world, store_url) as second, verifier_at(second) as verify:
        assert await is_active(second, scene.access_token)
        assert await verify(scene.access_token) == scene.user.id
        userinfo = await userinfo_token(scene)
        assert (await userinfo_of(second, userinfo)).status_code == 200
        refresh_token = str(scene.body["refresh_token"])
        before = await audited(world)

        await cause.strike(scene)

        assert not await is_active(second, scene.access_token), "another process refuses at once"
        assert (await userinfo_of(second, userinfo)).status_code == cause.userinfo
        assert await audited(world) - before == Counter(cause.actions)
        kinds, numbers = await journalled(world)
        assert tuple(sorted(set(kinds))) == cause.kinds
        assert numbers == list(range(1, len(numbers) + 1)), "no gap"
        assert (await world.issuer.store.read(journal.head)).seq == len(numbers)
        answer = await second.refresh(scene.client, refresh_token)
        assert answer.json().get("error") == cause.refresh
        world.clock.advance(5)
        with pytest.raises(TokenRevokedError) as refused:
            await verify(scene.access_token)
        assert refused.value.kind in cause.kinds


def test_every_function_that_withdraws_is_somewhere_in_the_table() -> None:
    """A new one needs its row above."""
    withdrawing = {name for name in vars(revocation) if name.startswith("revoke_")}
    assert len(withdrawing) == 7
    assert {kind for cause in CAUSES.values() for kind in cause.kinds} == {
        "token", "grant", "session", "key", "subject", "client", "all",
    }  # fmt: skip


async def begun(world: World, command: Callable[..., Awaitable[None]]) -> Scene:
    """Bob, signed in with his browser, and an application that holds tokens of his for the orders API."""
    user = await person(world)
    await world.issuer.store.write(lambda connection: roles.assign(connection, user.id, "clerk", now=world.clock.now()))
    browser = Browser(world, world.http)
    await browser.sign_in_plainly()
    client = await world.public_client(grant_types=("authorization_code", "refresh_token"))
    answer = await browser.authorize(client, scope="openid orders:read", resource=ORDERS)
    code = told_to_client(answer)["code"]
    body = (await world.redeem(client, code)).json()
    older = body["refresh_token"]
    body |= (await world.refresh(client, older)).json()
    world.clock.advance(30)  # beyond the grace in which a refresh token may be used again
    remember = partial(
        consents.remember,
        user_id=user.id,
        client_id=client.id,
        scopes=("orders:read",),
        resources=(ORDERS,),
        now=world.clock.now(),
    )
    await world.issuer.store.write(remember)
    issuer = world.issuer
    desk = AdminDesk(
        store=issuer.store,
        clock=world.clock,
        passwords=issuer.passwords,
        keys=issuer.keys,
        settings=issuer.settings,
    )
    claims = await world.claims_of(body["access_token"])
    return Scene(world, desk, browser, user, client, code, body, claims, older, command)


def at_the_terminal(url: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[None]]:
    key = directory / "master.key"
    key.touch(0o600)
    key.write_text(base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode())
    configuration = directory / "watchword.toml"
    configuration.write_text(
        f'[server]\nissuer = "{ISSUER}"\n[database]\nurl = "{url}"\n[keys]\nmaster_key_file = "{key}"\n'
    )
    monkeypatch.setattr("sys.stdin", io.StringIO())

    async def command(*arguments: str) -> None:
        assert await to_thread(cli.main, [*arguments, "--json", "--config", str(configuration)]) == 0

    return command


@asynccontextmanager
async def second_process(world: World, url: str) -> AsyncIterator[World]:
    """Another issuer over the same database: nothing is shared but that."""
    store = open_store(url)
    issuer = make_issuer(store, world.clock, MASTER_KEY, Listener())
    try:
        await issuer.keys.refresh()
        issuer.keys._opened.update(world.issuer.keys._opened)
        async with client_of(create_app(issuer)) as http:
            yield replace(world, issuer=issuer, http=http)
    finally:
        issuer.passwords.close()
        await store.close()


@asynccontextmanager
async def verifier_at(world: World) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """A service that verifies tokens for orders and reads the journal; gives the subject."""
    async with served(world) as issuer:
        verifier = Verifier(
            issuer=ISSUER,
            audience=ORDERS,
            metadata_url=f"{issuer.url}/.well-known/openid-configuration",
            danger_allow_http=True,
            revocation="on_demand",
            clock=world.clock,
        )

        async def verify(token: str) -> str:
            return (await to_thread(verifier.verify, token)).sub

        try:
            yield verify
        finally:
            await to_thread(verifier.close)


async def is_active(world: World, token: str) -> bool:
    """What the API that the token is for hears of it."""
    api = await world.issuer.store.read(partial(apis.find, identifier=ORDERS))
    assert api is not None
    answer = await world.http.post("/introspect", data={"token": token}, auth=(api.id, SECRET))
    assert answer.status_code == 200
    return bool(answer.json()["active"])


async def userinfo_token(scene: Scene) -> str:
    """One more token of the same grant, for the issuer itself."""
    answer = await scene.world.refresh(scene.client, scene.body["refresh_token"], resource=ISSUER)
    assert answer.status_code == 200, answer.text
    scene.body["refresh_token"] = answer.json()["refresh_token"]
    return str(answer.json()["access_token"])


async def userinfo_of(world: World, token: str) -> httpx2.Response:
    return await world.http.get("/userinfo", headers={"authorization": f"Bearer {token}"})


async def audited(world: World) -> Counter[str]:
    """What was done; what the ring of keys does by itself at its own time is not counted."""
    entries = await world.issuer.store.read(partial(audit.latest, limit=1000))
    return Counter(entry.action for entry in entries if entry.actor.kind != "system")


async def journalled(world: World) -> tuple[list[str], list[int]]:
    entries = await world.issuer.store.read(partial(journal.after, seq=0, limit=100))
    return [entry.kind for entry in entries], [entry.seq for entry in entries]
