"""Kill -9 around the commit of a refresh and of a code's redemption: R03, R04, R08, I2, I3, I4.

At each point a worker dies over a request, another is started, and the request is sent again. Run by
tests/issuer/grants/test_redemption_crashes.py for a moment and by ``scripts/faults redemptions`` for long.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select
from tests.conftest import MASTER_KEY, NOW
from tests.faults.crash import CrashRunner
from tests.issuer.issuing import (
    REDIRECT,
    SECRET,
    VERIFIER,
    Listener,
    World,
    client_of,
    make_issuer,
    make_ring_keys,
    populate,
    store_ring,
)

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.store.engine import Store
from watchword.store.repositories import refresh_tokens
from watchword.store.repositories.clients import Client
from watchword.store.tables import audit

WORKER = "tests.issuer.issuing_worker"
REFRESH_POINTS = ("refresh.before_commit", "store.before_commit", "refresh.after_commit")
CODE_POINTS = ("code.before_commit", "store.before_commit", "code.after_commit")


def _job(world: World, client: Client, form: dict[str, str]) -> dict[str, Any]:
    return {"path": "/token", "form": form, "id": client.id, "secret": SECRET, "now": world.clock.now()}


async def _live_tokens(world: World, gid: str) -> int:
    family = await world.issuer.store.read(partial(refresh_tokens.of_grant, grant_id=gid))
    return sum(token.used_at is None for token in family)


def _revocations(connection: Connection) -> int:
    count = select(func.count()).select_from(audit).where(audit.c.action == "grant.revoked")
    return int(connection.execute(count).scalar_one())


async def refreshes(world: World, url: str, failpoint: str, *, rounds: int) -> None:
    """One family, and at each of its generations a worker that dies at ``failpoint``."""
    client = await world.client()
    body = await world.sign_in(client, scopes=("offline_access", "orders:read"))
    gid = (await world.claims_of(body["access_token"]))["gid"]
    parent = body["refresh_token"]
    async with CrashRunner(WORKER, {"url": url, "now": world.clock.now()}) as runner:
        for generation in range(1, rounds + 1):
            request = _job(world, client, {"grant_type": "refresh_token", "refresh_token": parent})
            await runner.start(f"{failpoint}=kill")
            assert await runner.call(**request) is None
            assert await _live_tokens(world, gid) == 1
            await runner.start()
            first = await runner.call(**request)
            again = await runner.call(**request)
            assert first is not None
            assert again is not None
            assert first["status"] == again["status"] == 200
            assert first["body"]["refresh_token"] == again["body"]["refresh_token"]
            family = await world.issuer.store.read(partial(refresh_tokens.of_grant, grant_id=gid))
            assert [token.generation for token in family] == list(range(generation + 1))
            assert await _live_tokens(world, gid) == 1
            parent = first["body"]["refresh_token"]
        # R08: whatever was restarted in between, the oldest one is recognised (CVE-2026-9802).
        for token in (body["refresh_token"], parent):
            refused = await runner.call(**_job(world, client, {"grant_type": "refresh_token", "refresh_token": token}))
            assert refused is not None
            assert refused["body"]["error"] == "invalid_grant"


async def codes(world: World, url: str, failpoint: str, *, rounds: int) -> None:
    """A code for each of the workers that die at ``failpoint``."""
    client = await world.client()
    before = await world.issuer.store.read(_revocations)
    async with CrashRunner(WORKER, {"url": url, "now": world.clock.now()}) as runner:
        for _ in range(rounds):
            code = await world.code(client, scopes=("offline_access", "orders:read"))
            form = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT,
                "code_verifier": VERIFIER,
            }
            request = _job(world, client, form)
            await runner.start(f"{failpoint}=kill")
            assert await runner.call(**request) is None
            await runner.start()
            answer = await runner.call(**request)
            assert answer is not None
            if failpoint == "code.after_commit":
                # The answer is lost with the worker: the second use cannot be told from a thief's (I4).
                assert (answer["status"], answer["body"]["error"]) == (400, "invalid_grant")
            else:
                assert answer["status"] == 200
                assert await world.is_active(client, answer["body"]["refresh_token"])
    if failpoint == "code.after_commit":
        assert await world.issuer.store.read(_revocations) - before == rounds


@asynccontextmanager
async def _world(store: Store) -> AsyncIterator[World]:
    """An issuer that has signed before, and a user who is signed in, on an empty installation."""
    clock, listener = SettableClock(NOW), Listener()
    issuer = make_issuer(store, clock, MASTER_KEY, listener)
    await store_ring(store, make_ring_keys(MASTER_KEY), clock.now())
    await issuer.keys.refresh()
    user, session = await populate(issuer, clock)
    async with client_of(create_app(issuer)) as http:
        yield World(issuer, clock, http, listener, user, session)
    issuer.passwords.close()


async def run(store: Store, url: str, *, seed: int, rounds: int) -> dict[str, Any]:
    """Every point ``rounds`` times, the points in an order of the dice's; how often each was died at."""
    points = [(refreshes, point) for point in REFRESH_POINTS] + [(codes, point) for point in CODE_POINTS]
    random.Random(seed).shuffle(points)
    async with _world(store) as world:
        for rehearse, point in points:
            await rehearse(world, url, point, rounds=rounds)
    return {"kills": {f"{rehearse.__name__} {point}": rounds for rehearse, point in points}}
