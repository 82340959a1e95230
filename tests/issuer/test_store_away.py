"""The records do not answer: every endpoint says so and when to come back, and nothing is spent (R37, R03)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import httpx2
import pytest
from sqlalchemy import Connection
from tests.issuer.issuing import SECRET, SETTINGS, World, client_of, make_ring

from watchword.clock import SettableClock
from watchword.errors import WatchwordError
from watchword.issuer.app import create_app
from watchword.issuer.revocation import withdraw
from watchword.issuer.revocation.feed import Feed
from watchword.store.engine import Store
from watchword.store.errors import StoreUnavailableError
from watchword.store.repositories import signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.anyio

T = TypeVar("T")


class Door(Store):
    """The way to a store: open, shut, or shut after a wait; counts who tried."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dialect = store.dialect
        self.is_open = True
        self.tried = 0
        self.hangs: asyncio.Event | None = None

    async def _pass(self) -> None:
        self.tried += 1
        if self.hangs is not None:
            await self.hangs.wait()
        if not self.is_open:
            raise StoreUnavailableError("the database does not answer")

    async def write(self, job: Callable[[Connection], T]) -> T:
        await self._pass()
        return await self._store.write(job)

    async def read(self, job: Callable[[Connection], T]) -> T:
        await self._pass()
        return await self._store.read(job)

    async def now(self) -> float:
        await self._pass()
        return await self._store.now()

    async def close(self) -> None:
        await self._store.close()


@dataclass(frozen=True)
class Behind:
    """The same world behind a door."""

    world: World
    door: Door


@pytest.fixture
async def behind(world: World, master_key: MasterKey, clock: SettableClock) -> AsyncIterator[Behind]:
    door = Door(world.issuer.store)
    ring = make_ring(door, clock, master_key)
    feed = Feed(store=door, keys=ring, settings=SETTINGS, clock=clock)
    issuer = replace(world.issuer, store=door, keys=ring, feed=feed)
    async with client_of(create_app(issuer)) as http:
        yield Behind(replace(world, issuer=issuer, http=http), door)


async def test_r37_every_endpoint_says_503_and_when_to_come_back(behind: Behind) -> None:
    world, door = behind.world, behind.door
    client = await world.client()
    body, code = await world.sign_in(client), await world.code(client)
    own = (await world.sign_in(client, resources=()))["access_token"]
    await world.http.get("/jwks")
    door.is_open = False
    world.clock.advance(SETTINGS.key_refresh)  # what is remembered of the ring may not be used any more
    header = {"authorization": f"Bearer {own}"}
    api = ("somebody", SECRET)
    asked: dict[str, Callable[[], object]] = {
        "code": partial(world.redeem, client, code),
        "refresh": partial(world.refresh, client, body["refresh_token"]),
        "client": partial(world.token, client, {"grant_type": "client_credentials"}),
        "introspection": partial(world.post, "/introspect", client, {"token": own}),
        "introspection by an API": partial(world.http.post, "/introspect", data={"token": own}, auth=api),
        "revocation": partial(world.post, "/revoke", client, {"token": body["refresh_token"]}),
        "userinfo": partial(world.http.get, "/userinfo", headers=header),
        "keys": partial(world.http.get, "/jwks"),
        "keys of the feed": partial(world.http.get, "/revocation/jwks"),
        "snapshot": partial(world.http.get, "/revocation/snapshot"),
        "poll": partial(world.http.get, "/revocation/poll?journal_id=J&after=0"),
        "discovery": partial(world.http.get, "/.well-known/openid-configuration"),
        "metadata": partial(world.http.get, "/.well-known/oauth-authorization-server"),
        "readiness": partial(world.http.get, "/readyz"),
    }
    for name, ask in asked.items():
        answer = await ask()  # type: ignore[misc]  # each of them is a request
        assert isinstance(answer, httpx2.Response)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2"), name
        assert "max-age" not in answer.headers.get("cache-control", ""), name
        assert "invalid_token" not in answer.headers.get("www-authenticate", ""), name
    assert (await world.http.get("/healthz")).status_code == 200
    door.is_open = True
    assert (await world.redeem(client, code)).status_code == 200, "nothing was spent"
    assert (await world.refresh(client, body["refresh_token"])).status_code == 200


async def test_r37_everybody_waits_for_one_reading_of_the_ring(behind: Behind) -> None:
    """A store that hangs costs each request one wait, not one for each request before it."""
    door, ring = behind.door, behind.world.issuer.keys
    door.is_open, door.hangs, door.tried = False, asyncio.Event(), 0
    waiting = [asyncio.create_task(ring.public_jwks()) for _ in range(20)]
    gone = asyncio.create_task(ring.public_jwks())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    door.hangs.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in told] == [StoreUnavailableError] * 20
    assert door.tried == 1
    door.is_open, door.hangs = True, None
    assert len((await ring.public_jwks())["keys"]) == 4, "the next one tries again"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_r03_no_code_is_spent_for_an_answer_that_nobody_can_sign(behind: Behind, algorithm: str) -> None:
    """The client comes again with the same code or refresh token: it must not be taken for a thief (O20, O24)."""
    world = behind.world
    client = await world.client()
    body, code = await world.sign_in(client), await world.code(client)
    while True:
        find = partial(signing_keys.find_in_state, purpose="token", algorithm=algorithm, state="active")
        active = await world.issuer.store.read(find)
        if active is None:
            break
        job = partial(withdraw.key, kid=active.kid, reason="leaked", actor=SYSTEM, now=world.clock.now())
        await world.issuer.store.write(job)
    await world.issuer.keys.refresh()
    for answer in (await world.redeem(client, code), await world.refresh(client, body["refresh_token"])):
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "2"
    await world.issuer.keys.advance()
    assert (await world.redeem(client, code)).status_code == 200
    rotated = await world.refresh(client, body["refresh_token"])
    assert rotated.json()["refresh_token"] != body["refresh_token"]


async def test_a_ring_under_another_master_key_signs_nothing(world: World, clock: SettableClock) -> None:
    """ARCHITECTURE, Keys: a wrong master key never makes a new key."""
    before = await world.issuer.store.read(signing_keys.list_all)
    ring = make_ring(world.issuer.store, clock, MasterKey(b"x" * 32))
    with pytest.raises(WatchwordError, match="master key"):
        await ring.start()
    with pytest.raises(WatchwordError):
        await ring.signer("ES256")
    assert await world.issuer.store.read(signing_keys.list_all) == before
