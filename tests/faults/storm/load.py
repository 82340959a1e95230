"""Clients of an issuer under stress: each notes what it asked for and what came of it, and believes nothing else.

An answer that never came, or a 5xx, is "maybe": it may have happened or not.
"""

import asyncio
import random
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import httpx2
from sqlalchemy import Connection
from tests.faults.history import History, Operation

from watchword.clock import SystemClock
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.authorization_code import CodeRequest, issue_code
from watchword.jose import KeySet, jwt
from watchword.oauth import pkce
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.engine import Store
from watchword.store.errors import StoreUnavailableError
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, clients, sessions, users
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.clients import Client
from watchword.store.repositories.sessions import Session
from watchword.store.repositories.users import User

API = "https://orders.example"
REDIRECT = "https://app.example/callback"
SECRET = "wws_" + "s" * 43
VERIFIER = "v" * 43
PATIENCE = 6.0  # seconds for one request; the issuer's own bounds end sooner
_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part: a user who is signed in, an API, a confidential client and a public one."""

    user: User
    session: Session
    api: Api
    confidential: Client
    public: Client


async def settle(store: Store, settings: IssuerSettings) -> People:
    """Make an API, a user who is signed in, and the clients."""
    now = _CLOCK.now()
    user = User(
        id=new_id(),
        username="alice",
        email="alice@example.com",
        email_verified_at=now,
        claims={},
        password_hash=None,
        password_changed_at=None,
        status="active",
        created_at=now,
    )
    api = Api(
        id=new_id(),
        identifier=API,
        name="Orders",
        scopes=(Scope("orders:read", "See orders"),),
        secret_hash=digest(SECRET),
        created_at=now,
    )
    confidential = Client(
        id=new_id(),
        name="Web application",
        auth_method="client_secret_basic",
        secret_hash=digest(SECRET),
        redirect_uris=(REDIRECT,),
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
        scopes=("openid", "offline_access", "orders:read"),
        api_scopes={API: ("orders:read",)},
        created_at=now,
    )
    public = replace(
        confidential,
        id=new_id(),
        name="Phone",
        auth_method="none",
        secret_hash=None,
        grant_types=("authorization_code", "refresh_token"),
        api_scopes={},
    )
    await store.write(partial(users.create, user=user))
    await store.write(partial(apis.create, api=api))
    for client in (confidential, public):
        await store.write(partial(clients.create, client=client, now=now))
    session = await store.write(
        partial(
            sessions.create,
            user_id=user.id,
            cookie_hash=digest(new_bearer("session")),
            auth_time=now,
            acr="urn:watchword:acr:password",
            amr=("pwd",),
            now=now,
            lifetime=settings.session_lifetime,
        )
    )
    return People(user, session, api, confidential, public)


@dataclass(slots=True)
class Family:
    """One grant as its client sees it.

    Args:
        refresh_token: the newest that was acknowledged; None before the first.
        access_token: likewise.
        ended: why the client holds nothing that is good any more, as far as it knows.
    """

    client: Client
    gid: str
    refresh_token: str
    access_token: str
    ended: Literal["", "revoked", "lost", "refused"] = ""


@dataclass(slots=True)
class Load:
    """Every client there is.

    Args:
        ports: of the issuer's processes; each request goes to one of them by chance.
        host: what the issuer is called.
        store: reached past everything that breaks, for the sign-ins that nobody makes here.
        keys: what the JWKS published when the load began; no key rotates meanwhile.
    """

    ports: list[int]
    host: str
    tls: ssl.SSLContext
    store: Store
    settings: IssuerSettings
    people: People
    keys: KeySet
    dice: random.Random
    history: History = field(default_factory=History)
    families: list[Family] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    stopping: bool = False
    _http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx2.AsyncClient(verify=self.tls, trust_env=False, timeout=PATIENCE)

    async def close(self) -> None:
        await self._http.aclose()

    async def run(self, *, writers: int) -> None:
        """``writers`` clients at once until `stopping`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(writers):
                group.create_task(self._live())
            group.create_task(self._service())

    async def post(self, path: str, form: Mapping[str, str], client: Client | None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer; status 0 when there was none."""
        port = self.dice.choice(self.ports)
        fields = dict(form)
        auth = httpx2.Auth()
        if client is None:
            auth = httpx2.BasicAuth(self.people.api.id, SECRET)
        elif client.auth_method == "none":
            fields["client_id"] = client.id
        else:
            auth = httpx2.BasicAuth(client.id, SECRET)
        try:
            answer = await self._http.post(
                f"https://localhost:{port}{path}", data=fields, auth=auth, headers={"Host": self.host}
            )
            body = answer.json() if answer.content else {}
        except (httpx2.TransportError, ValueError) as error:
            self.answers[f"{path} {type(error).__name__}"] += 1
            return 0, {}
        self.answers[f"{path} {answer.status_code} {body.get('error', '')}".rstrip()] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            self.surprises.append(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.status_code, body

    async def _live(self) -> None:
        """Sign in, refresh for a while, perhaps sign out, begin again."""
        while not self.stopping:
            family = await self._begin()
            if family is None:
                await asyncio.sleep(0.05)
                continue
            self.families.append(family)
            for _ in range(self.dice.randint(1, 12)):
                if self.stopping or family.ended:
                    break
                await self._refresh(family)
                await self._look_at(family)
                await asyncio.sleep(self.dice.uniform(0, 0.05))
            if not family.ended and not self.stopping and self.dice.random() < 0.6:
                await self.revoke(family)
                await self._look_at(family)
                await self._refresh(family)

    async def _service(self) -> None:
        """A service that gets tokens for itself: it writes nothing, and is refused for nothing."""
        form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": API}
        while not self.stopping:
            status, body = await self.post("/token", form, self.people.confidential)
            if status == 200:
                self._must_verify(body["access_token"])
            elif status not in {0, 503}:
                self.surprises.append(f"client credentials were answered {status}: {body}")
            await asyncio.sleep(0.02)

    async def _begin(self) -> Family | None:
        client = self.dice.choice((self.people.confidential, self.people.public))
        code = await _patiently(lambda: self.store.write(partial(self._code, client=client)))
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        subject = digest(code)
        with self.history.attempt("redeem", subject) as operation:
            status, body = await self.post("/token", form, client)
            self._judge(operation, status, body, digest(body.get("refresh_token", "")))
        if operation.outcome == "maybe" and self.dice.random() < 0.5:
            # A client whose answer was lost may try again: the code may have been used up, never used twice.
            with self.history.attempt("redeem", subject) as again:
                status, body = await self.post("/token", form, client)
                self._judge(again, status, body, digest(body.get("refresh_token", "")))
        if status != 200:
            return None
        return Family(client, self._gid(body["access_token"]), body["refresh_token"], body["access_token"])

    def _code(self, connection: Connection, *, client: Client) -> str:
        people = self.people
        request = CodeRequest(
            client_id=client.id,
            user_id=people.user.id,
            session_id=people.session.id,
            redirect_uri=REDIRECT,
            redirect_uri_sent=True,
            scopes=("openid", "offline_access", "orders:read"),
            resources=(API,),
            nonce=None,
            code_challenge=pkce.challenge_of(VERIFIER),
            auth_time=people.session.auth_time,
            acr=people.session.acr,
            amr=people.session.amr,
        )
        return issue_code(connection, self.settings, request, now=_CLOCK.now())

    async def _refresh(self, family: Family) -> None:
        """Once, or twice at the same time as two tabs of one browser do."""
        rivals = 2 if self.dice.random() < 0.2 else 1
        parent = family.refresh_token
        answers = await asyncio.gather(*(self._refresh_once(family, parent) for _ in range(rivals)))
        fresh = [body for status, body in answers if status == 200]
        if fresh:
            family.refresh_token, family.access_token = fresh[0]["refresh_token"], fresh[0]["access_token"]
            self._must_verify(family.access_token)
        elif any(status == 400 for status, _ in answers):
            # An unbound public client whose answer was lost has lost its family; everybody else has been refused.
            family.ended = family.ended or "refused"
        elif family.client.auth_method == "none":
            family.ended = family.ended or "lost"

    async def _refresh_once(self, family: Family, parent: str) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": "refresh_token", "refresh_token": parent}
        with self.history.attempt("refresh", digest(parent), family=family.gid) as operation:
            status, body = await self.post("/token", form, family.client)
            self._judge(operation, status, body, digest(body.get("refresh_token", "")))
        return status, body

    async def revoke(self, family: Family) -> None:
        """Give the grant back (RFC 7009)."""
        form = {"token": family.refresh_token}
        with self.history.attempt("revoke", family.gid, family=family.gid) as operation:
            status, body = await self.post("/revoke", form, family.client)
            self._judge(operation, status, body, "")
        if operation.outcome == "ok":
            family.ended = "revoked"

    async def _look_at(self, family: Family) -> None:
        """Ask another process whether the access token is good."""
        with self.history.attempt("introspect", digest(family.access_token), family=family.gid) as operation:
            status, body = await self.post("/introspect", {"token": family.access_token}, None)
            if status == 200 and not body.get("active"):
                operation.refused("inactive")
            else:
                self._judge(operation, status, body, "active")

    def _judge(self, operation: Operation, status: int, body: Mapping[str, Any], result: str) -> None:
        if status == 200:
            operation.ok(result)
        elif 400 <= status < 500:
            operation.refused(str(body.get("error", status)))

    def _must_verify(self, token: str) -> None:
        """I5: whatever is signed verifies with what was published before."""
        jwt.decode(token, self.keys, algorithms=("ES256",), typ="at+jwt")

    def _gid(self, token: str) -> str:
        return str(jwt.decode(token, self.keys, algorithms=("ES256",), typ="at+jwt").claims["gid"])


async def _patiently(write: Callable[[], Awaitable[str]]) -> str:
    """A sign-in takes place between two faults."""
    while True:
        try:
            return await write()
        except StoreUnavailableError:
            await asyncio.sleep(0.05)
