"""A small world to issue tokens in: one user, who is signed in, and the clients and APIs that tests ask for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx2
from sqlalchemy import Connection
from starlette.applications import Starlette

from watchword.authn.factors.password import PasswordHasher
from watchword.authn.factors.password_hash import Cost
from watchword.clock import SettableClock
from watchword.events import Event, EventSink
from watchword.issuer.context import Issuer
from watchword.issuer.keys import algorithms, rotation
from watchword.issuer.keys.generation import SEALED_FOR, NewKey
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.slots import FEED, Slot
from watchword.issuer.keys.step_time import time_of
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.streams import Streams
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.authorization_code import CodeRequest, issue_code
from watchword.jose import Key, KeySet, jwt
from watchword.oauth import pkce
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.engine import Store
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, clients, sessions, users
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.clients import Client
from watchword.store.repositories.installation import SECRET_PURPOSES
from watchword.store.repositories.sessions import Session
from watchword.store.repositories.users import User
from watchword.store.sealing import MasterKey

ISSUER = "http://localhost:8400"
ORDERS = "https://orders.example"
STOCK = "https://stock.example"
REDIRECT = "https://app.example/callback"
SECRET = "wws_" + "s" * 43
VERIFIER = "v" * 43
SLOTS = (Slot("token", "ES256"), Slot("token", "RS256"), FEED)
SETTINGS = IssuerSettings(issuer=ISSUER, local=True)
SECRETS = {purpose: purpose.encode().ljust(32, b".") for purpose in SECRET_PURPOSES}


class Listener:
    """Remembers every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


@dataclass(frozen=True)
class World:
    """An issuer, its user and the browser session that user is signed in with."""

    issuer: Issuer
    clock: SettableClock
    http: httpx2.AsyncClient
    listener: Listener
    user: User
    session: Session

    async def client(self, **changes: Any) -> Client:
        """A new confidential client, changed as asked."""
        client = replace(
            Client(
                id=new_id(),
                name="A client",
                auth_method="client_secret_basic",
                secret_hash=digest(SECRET),
                redirect_uris=(REDIRECT,),
                grant_types=("authorization_code", "refresh_token", "client_credentials"),
                scopes=("openid", "profile", "email", "offline_access", "orders:read", "orders:write"),
                api_scopes={ORDERS: ("orders:read",)},
                created_at=self.clock.now(),
            ),
            **changes,
        )
        await self.issuer.store.write(partial(clients.create, client=client, now=self.clock.now()))
        return client

    async def public_client(self, **changes: Any) -> Client:
        """A new public client."""
        return await self.client(auth_method="none", secret_hash=None, **changes)

    async def code(self, client: Client, **changes: Any) -> str:
        """A code for the user, as the authorization endpoint would have given it."""
        request = CodeRequest(
            client_id=client.id,
            user_id=self.user.id,
            session_id=self.session.id,
            redirect_uri=REDIRECT,
            redirect_uri_sent=True,
            scopes=("openid", "offline_access", "orders:read", "orders:write"),
            resources=(ORDERS,),
            nonce="n-1",
            code_challenge=pkce.challenge_of(VERIFIER),
            auth_time=self.session.auth_time,
            acr=self.session.acr,
            amr=self.session.amr,
        )
        job = partial(
            issue_code, settings=self.issuer.settings, request=replace(request, **changes), now=self.clock.now()
        )
        return await self.issuer.store.write(job)

    async def token(self, client: Client, form: Mapping[str, Any]) -> httpx2.Response:
        """The answer of the token endpoint to an authenticated request."""
        return await self.post("/token", client, form)

    async def post(self, path: str, client: Client, form: Mapping[str, Any]) -> httpx2.Response:
        """The answer of an endpoint to a form that the client sends in its own way."""
        fields = dict(form)
        if client.auth_method == "client_secret_basic":
            return await self.http.post(path, data=fields, auth=(client.id, SECRET))
        fields["client_id"] = client.id
        if client.auth_method == "client_secret_post":
            fields["client_secret"] = SECRET
        return await self.http.post(path, data=fields)

    async def redeem(self, client: Client, code: str, **changes: Any) -> httpx2.Response:
        """Redeem a code as it should be done, changed as asked; None leaves a field out."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.token(client, {name: value for name, value in form.items() if value is not None})

    async def refresh(self, client: Client, refresh_token: str, **changes: Any) -> httpx2.Response:
        """Use a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        return await self.token(client, form)

    async def sign_in(self, client: Client, **changes: Any) -> dict[str, Any]:
        """The tokens of a fresh code."""
        answer = await self.redeem(client, await self.code(client, **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def claims_of(self, token: str, *, typ: str = "at+jwt") -> dict[str, Any]:
        """The claims of a token that verifies with what the JWKS publishes."""
        keys = KeySet.from_dict(await self.issuer.keys.public_jwks())
        return dict(jwt.decode(token, keys, algorithms=("ES256", "RS256"), typ=typ).claims)

    async def is_active(self, client: Client, token: str) -> bool:
        """What introspection says to the client itself."""
        answer = await self.post("/introspect", client, {"token": token})
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])


def make_ring_keys(master_key: MasterKey) -> dict[tuple[Slot, str], NewKey]:
    """Keys for every place of the ring; RSA keys take long to make, so tests share them."""
    made = {}
    for slot in SLOTS:
        for state in ("active", "next"):
            key = Key.generate(slot.algorithm)
            sealed = master_key.seal(json.dumps(key.to_dict(private=True)).encode(), purpose=SEALED_FOR)
            made[slot, state] = NewKey(key.kid, dict(key.to_dict()), sealed, master_key)
    return made


async def store_ring(store: Store, keys: dict[tuple[Slot, str], NewKey], now: float) -> None:
    """Take the ring's first steps with keys that were made before."""

    def job(connection: Connection) -> None:
        algorithms.found(connection, SETTINGS.signing_algorithms, default=SETTINGS.access_token_algorithm, now=now)
        for slot in SLOTS:
            rotation.begin(connection, slot, keys[slot, "active"], now=now)
            rotation.publish(connection, slot, keys[slot, "next"], now=now)

    await store.write(job)


def make_ring(
    store: Store,
    clock: SettableClock,
    master_key: MasterKey,
    events: EventSink | None = None,
    settings: IssuerSettings = SETTINGS,
) -> KeyRing:
    """A ring of keys that live by ``clock``; not started."""
    return KeyRing(
        store=store, master_key=master_key, settings=settings, clock=clock, step_time=time_of(clock), events=events
    )


def make_issuer(store: Store, clock: SettableClock, master_key: MasterKey, listener: Listener) -> Issuer:
    """An issuer on ``store``; its keys are not started."""
    ring = make_ring(store, clock, master_key, listener)
    passwords = PasswordHasher(cost=Cost(memory=1024, passes=1, lanes=1))
    feed = Feed(store=store, keys=ring, settings=SETTINGS, clock=clock)
    streams = Streams(feed=feed, store=store, settings=SETTINGS)
    return Issuer(SETTINGS, store, clock, ring, feed, streams, SECRETS, passwords, listener)


async def populate(issuer: Issuer, clock: SettableClock) -> tuple[User, Session]:
    """Two APIs, and a user who is signed in."""
    now = clock.now()
    user = User(
        id=new_id(),
        username="alice",
        email="alice@example.com",
        email_verified_at=now,
        claims={"name": "Alice Liddell", "locale": "en"},
        password_hash=None,
        password_changed_at=None,
        status="active",
        created_at=now,
    )
    orders = Api(
        id=new_id(),
        identifier=ORDERS,
        name="Orders",
        scopes=(Scope("orders:read", "See orders"), Scope("orders:write", "Change orders")),
        secret_hash=digest(SECRET),
        created_at=now,
    )
    stock = replace(orders, id=new_id(), identifier=STOCK, name="Stock", scopes=(Scope("stock:read", "See stock"),))
    await issuer.store.write(partial(users.create, user=user))
    for api in (orders, stock):
        await issuer.store.write(partial(apis.create, api=api))
    session = await issuer.store.write(
        partial(
            sessions.create,
            user_id=user.id,
            cookie_hash=digest(new_bearer("session")),
            auth_time=now,
            acr="urn:watchword:acr:password",
            amr=("pwd",),
            now=now,
            lifetime=issuer.settings.session_lifetime,
        )
    )
    return user, session


def client_of(app: Starlette) -> httpx2.AsyncClient:
    """An HTTP client in the same process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER)
