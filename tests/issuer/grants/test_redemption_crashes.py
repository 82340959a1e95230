"""kill -9 around the commit of a refresh and of a code's redemption: R03, R04, R08, I2, I3, I4."""

from functools import partial
from typing import Any

import pytest
from tests.faults.crash import CrashRunner
from tests.issuer.issuing import REDIRECT, SECRET, VERIFIER, World

from watchword.store.repositories import audit, refresh_tokens
from watchword.store.repositories.clients import Client

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = 50
WORKER = "tests.issuer.issuing_worker"


def job(world: World, client: Client, form: dict[str, str]) -> dict[str, Any]:
    return {"path": "/token", "form": form, "id": client.id, "secret": SECRET, "now": world.clock.now()}


async def live_tokens(world: World, gid: str) -> int:
    family = await world.issuer.store.read(partial(refresh_tokens.of_grant, grant_id=gid))
    return sum(token.used_at is None for token in family)


@pytest.mark.parametrize("failpoint", ["refresh.before_commit", "store.before_commit", "refresh.after_commit"])
async def test_a_refresh_survives_the_death_of_its_worker(world: World, store_url: str, failpoint: str) -> None:
    client = await world.client()
    body = await world.sign_in(client, scopes=("offline_access", "orders:read"))
    gid = (await world.claims_of(body["access_token"]))["gid"]
    parent = body["refresh_token"]
    async with CrashRunner(WORKER, {"url": store_url, "now": world.clock.now()}) as runner:
        for generation in range(1, ROUNDS + 1):
            request = job(world, client, {"grant_type": "refresh_token", "refresh_token": parent})
            await runner.start(f"{failpoint}=kill")
            assert await runner.call(**request) is None
            assert await live_tokens(world, gid) == 1
            await runner.start()
            first = await runner.call(**request)
            again = await runner.call(**request)
            assert first is not None
            assert again is not None
            assert first["status"] == again["status"] == 200
            assert first["body"]["refresh_token"] == again["body"]["refresh_token"]
            family = await world.issuer.store.read(partial(refresh_tokens.of_grant, grant_id=gid))
            assert [token.generation for token in family] == list(range(generation + 1))
            assert await live_tokens(world, gid) == 1
            parent = first["body"]["refresh_token"]
        # R08: whatever was restarted in between, the oldest one is recognised (CVE-2026-9802).
        stale = job(world, client, {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]})
        refused = await runner.call(**stale)
        assert refused is not None
        assert refused["body"]["error"] == "invalid_grant"
        newest = await runner.call(**job(world, client, {"grant_type": "refresh_token", "refresh_token": parent}))
        assert newest is not None
        assert newest["body"]["error"] == "invalid_grant"


@pytest.mark.parametrize("failpoint", ["code.before_commit", "store.before_commit", "code.after_commit"])
async def test_a_code_survives_or_dies_with_its_worker_but_never_gives_twice(
    world: World, store_url: str, failpoint: str
) -> None:
    client = await world.client()
    async with CrashRunner(WORKER, {"url": store_url, "now": world.clock.now()}) as runner:
        for _ in range(ROUNDS):
            code = await world.code(client, scopes=("offline_access", "orders:read"))
            form = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT,
                "code_verifier": VERIFIER,
            }
            request = job(world, client, form)
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
        entries = await world.issuer.store.read(partial(audit.latest, limit=1000))
        assert sum(entry.action == "grant.revoked" for entry in entries) == ROUNDS
