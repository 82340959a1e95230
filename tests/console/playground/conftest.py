"""A real `watchword up`, an operator's desk beside it, and runs of the playground that have reached their tokens."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
import uvicorn
from tests.e2e.conftest import CALLBACK, PASSWORD, WEB_CLIENT, seed_text
from tests.e2e.installation import Installation, start
from tests.e2e.person import Person

from watchword.admin.desk import AdminDesk
from watchword.clock import SystemClock
from watchword.config import load
from watchword.console.playground import flow
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Player, Run
from watchword.demo.app import create_app
from watchword.demo.settings import DemoSettings
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.keys.step_time import time_of
from watchword.store.repositories.audit import SYSTEM, Actor
from watchword.store.repositories.signing_keys import Purpose
from watchword.wiring import master_key, open_desk

PUBLIC_CLIENT = "team-native-app"
SCOPES = ("openid", "offline_access", "orders:read")

SignIn = Callable[..., Awaitable[Bench]]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("playground")
    seed = directory / "seed.toml"
    seed.write_text(
        f"""{seed_text()}
[[client]]
id = "{PUBLIC_CLIENT}"
public = true
name = "Team native app"
redirect_uris = ["{CALLBACK}"]
scopes = ["openid", "offline_access", "orders:read"]
"""
    )
    # The tests rotate keys from beside the issuer, which then knows of it within a second.
    environment = {"WATCHWORD_KEYS_REFRESH": "1"}
    installation = start(directory, "--port", "0", "--demo-port", "0", "--seed", str(seed), environment=environment)
    yield installation
    assert installation.stop() == 0, installation.output()


@pytest.fixture(scope="module")
def alice() -> Iterator[Person]:
    person = Person("alice", PASSWORD)
    yield person
    person.close()


@pytest.fixture
def settings_file(up: Installation) -> Path:
    return up.directory / "data" / "watchword.toml"


@pytest.fixture
async def desk(settings_file: Path) -> AsyncIterator[AdminDesk]:
    """As the command line opens it, beside the running issuer."""
    async with open_desk(load(settings_file).settings) as opened:
        yield opened


@pytest.fixture
def sign_in(up: Installation, desk: AdminDesk, alice: Person) -> SignIn:
    """A bench whose run has come from the sign-in to the tokens."""

    async def reach(*, client: tuple[str, str | None] = WEB_CLIENT) -> Bench:
        bench = Bench(desk, Run(issuer=up.issuer, player=player(up, *client)))
        came_back = await anyio.to_thread.run_sync(alice.visit, flow.begin(bench, part="attacks"), CALLBACK)
        flow.come_back(bench, urlsplit(came_back).query)
        await flow.redeem(bench)
        return bench

    return reach


@pytest.fixture
async def for_itself(up: Installation, desk: AdminDesk) -> Bench:
    """A bench whose client has a token in its own name."""
    made = player(up, up.ready["client_id"], up.ready["client_secret"])
    bench = Bench(desk, Run(issuer=up.issuer, player=replace(made, redirect_uri="", scopes=("orders:read",))))
    await flow.ask_for_itself(bench)
    return bench


def player(up: Installation, client_id: str, client_secret: str | None) -> Player:
    return Player(
        client_id=client_id,
        client_secret=client_secret,
        redirect_uri=CALLBACK,
        api=up.ready["resource"],
        address=f"{up.demo_api}/orders",
        scopes=SCOPES,
    )


class LaterClock(SystemClock):
    """The machine's clock for whoever waited."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        return super().now() + self._seconds


class WatchedRing(KeyRing):
    """A ring that returns when the issuer beside it knows of what was done, as the issuer's own ring does."""

    jwks_url: str

    async def rotate(self, algorithm: str, *, purpose: Purpose = "token", actor: Actor = SYSTEM) -> str:
        kid = await super().rotate(algorithm, purpose=purpose, actor=actor)
        await self._until_published()
        return kid

    async def compromise(self, kid: str, *, reason: str, actor: Actor) -> bool:
        done = await super().compromise(kid, reason=reason, actor=actor)
        await self._until_published()
        return done

    async def _until_published(self) -> None:
        deadline = time.monotonic() + 30
        async with httpx2.AsyncClient(trust_env=False) as http:
            # The issuer's own rotation may take a step meanwhile, too.
            while (await http.get(self.jwks_url)).json() != await self.public_jwks():
                assert time.monotonic() < deadline, "the issuer did not hear of the rotation"
                await anyio.sleep(0.05)


@pytest.fixture
def later_desk(up: Installation, desk: AdminDesk, settings_file: Path) -> AdminDesk:
    """The desk of an operator who waited until the present successor may sign, each one longer than the one before."""
    # That successor was published by a ring whose clock was ahead, too.
    clock = LaterClock(200.0 * next(_rotation))
    ring = WatchedRing(
        store=desk.store,
        master_key=master_key(load(settings_file).settings),
        settings=desk.settings,
        clock=clock,
        step_time=time_of(clock),
    )
    ring.jwks_url = f"{up.issuer}/jwks"
    return replace(desk, keys=ring)


_rotation = count(1)


@pytest.fixture
async def started_api(settings_file: Path) -> AsyncIterator[str]:
    """The address of the orders at a demonstration that has just begun: it has not kept the keys of an hour ago.

    A clock that is ahead makes the issuer believe that everybody has fetched the keys meanwhile; here it is true.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = replace(DemoSettings.from_file(settings_file.parent / "demo.json"), origin=origin)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield f"{origin}/orders"
    server.should_exit = True
    await serving
