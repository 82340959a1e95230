"""kill -9 at every failpoint of refresh rotation, code redemption and key rotation, fifty rounds each, on each
database: what was acknowledged is there, what is used once is used once, and nothing is left half-made (I2 to I5, I7).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.conftest import NOW
from tests.faults.crash import CrashRunner
from tests.faults.history import History, no_accept_after_revocation, no_lost_write, single_successor, used_at_most_once
from tests.issuer.issuing import World

from watchword.issuer.keys.rotation import SLOTS, prepublication, retention
from watchword.oauth.bearer import digest
from watchword.store.engine import Store
from watchword.store.repositories import refresh_tokens, signing_keys
from watchword.store.repositories.clients import Client
from watchword.store.tables import audit, authorization_codes, grants, journal, journal_head

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = 50
WORKER = "tests.issuer.crashes.issuer_worker"


@asynccontextmanager
async def killed(store_url: str, client: Client | None = None) -> AsyncIterator[CrashRunner]:
    setup = {"url": store_url, "now": NOW, "client_id": client.id if client else ""}
    async with CrashRunner(WORKER, setup) as runner:
        yield runner
        await runner.stop()


async def count(store: Store, statement: Any) -> int:
    return await store.read(lambda connection: int(connection.execute(statement).scalar_one()))


async def journal_is_gapless(store: Store) -> None:
    def ends(connection: Connection) -> tuple[int, int]:
        head = connection.execute(select(journal_head.c.seq)).scalar_one()
        rows = connection.execute(select(func.count()).select_from(journal)).scalar_one()
        return head, rows

    head, rows = await store.read(ends)
    assert head == rows


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_r03_r04_refresh_rotation(world: World, store: Store, store_url: str, point: str) -> None:
    client = await world.client()
    first = (await world.sign_in(client))["refresh_token"]
    history, token = History(), first
    async with killed(store_url, client) as runner:
        for _ in range(ROUNDS):
            job = {"do": "refresh_token", "now": NOW + 1, "form": {"refresh_token": token}}
            await runner.start(f"refresh.{point}=kill")
            with history.attempt("refresh", token, family="f", worker="killed"):
                assert await runner.call(**job) is None
            await runner.start()
            with history.attempt("refresh", token, family="f", worker="second") as operation:
                answer = await runner.call(**job)
                assert answer is not None
                assert answer["status"] == 200, answer
                operation.ok(answer["refresh_token"])
            token = answer["refresh_token"]

        def is_kept(connection: Connection) -> list[str]:
            grant = refresh_tokens.find(connection, digest(first))
            assert grant is not None
            return [row.token_hash for row in refresh_tokens.of_grant(connection, grant.grant_id)]

        family = await store.read(is_kept)
        assert len(family) == ROUNDS + 1
        assert no_lost_write(history, ["refresh"], lambda operation: digest(operation.result or "") in family) == []
        assert single_successor(history) == []

        # The first token again, long after: a thief. The family ends, with its journal row and its audit row.
        with history.attempt("revoke", first, family="f") as reuse:
            answer = await runner.call(do="refresh_token", now=NOW + 60, form={"refresh_token": first})
            assert answer is not None
            assert answer["error"] == "invalid_grant"
            reuse.ok()
        with history.attempt("refresh", token, family="f") as late:
            answer = await runner.call(do="refresh_token", now=NOW + 60, form={"refresh_token": token})
            assert answer is not None
            late.refused(answer["error"])
        assert late.outcome == "refused"
        assert answer["error"] == "invalid_grant"
        assert no_accept_after_revocation(history, uses=["refresh"]) == []
    assert await count(store, select(func.count()).select_from(audit).where(audit.c.action == "grant.revoked")) == 1
    await journal_is_gapless(store)


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_r10_code_redemption(world: World, store: Store, store_url: str, point: str) -> None:
    client = await world.client()
    history = History()
    async with killed(store_url, client) as runner:
        for _ in range(ROUNDS):
            code = await world.code(client)
            job = {"do": "authorization_code", "now": NOW + 1, "form": {"code": code}}
            await runner.start(f"code.{point}=kill")
            with history.attempt("redeem", code):
                assert await runner.call(**job) is None
            await runner.start()
            with history.attempt("redeem", code) as operation:
                answer = await runner.call(**job)
                assert answer is not None
                if answer["status"] == 200:
                    operation.ok(answer["refresh_token"])
                else:
                    operation.refused(answer["error"])
            # Nothing was acknowledged before the commit; after it, the code is used up and its grant withdrawn.
            assert operation.outcome == ("ok" if point == "before_commit" else "refused")
    assert used_at_most_once(history, "redeem") == []

    unused = select(func.count()).select_from(authorization_codes).where(authorization_codes.c.used_at.is_(None))
    withdrawn = select(func.count()).select_from(grants).where(grants.c.revoked_at.is_not(None))
    assert await count(store, unused) == 0
    assert await count(store, withdrawn) == (0 if point == "before_commit" else ROUNDS)
    assert await count(store, select(func.count()).select_from(grants)) == ROUNDS
    await journal_is_gapless(store)


@pytest.mark.parametrize("step", ["publish", "activate", "retire"])
@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_r01_key_rotation(world: World, store: Store, store_url: str, step: str, point: str) -> None:
    settings = world.issuer.settings
    stride = settings.key_lifetime + retention() + prepublication(settings)
    async with killed(store_url) as runner:
        await runner.start()
        # From the second rotation on, every step has something to do: there is a retiring key to retire.
        assert await runner.call(do="advance", now=NOW + stride) == {"status": 200}
        for number in range(2, ROUNDS + 2):
            job = {"do": "advance", "now": NOW + number * stride}
            await runner.start(f"keys.{step}.{point}=kill")
            # Each slot takes its steps one by one, and the process dies at the first of them, every time.
            assert await runner.call(**job) is None
            await check_ring(store, settings=world.issuer.settings)
            await runner.start()
            answer = await runner.call(**job)
            assert answer == {"status": 200}
            await check_ring(store, settings=world.issuer.settings, complete=True)
    told = select(func.count()).select_from(audit).where(audit.c.action == "key.activated")
    activated = await store.read(
        lambda connection: [key for key in signing_keys.list_all(connection) if key.activated_at is not None]
    )
    assert await count(store, told) == len(activated)


async def check_ring(store: Store, *, settings: Any, complete: bool = False) -> None:
    keys = await store.read(signing_keys.list_all)
    for slot in SLOTS:
        mine = [key for key in keys if (key.purpose, key.algorithm) == slot]
        states = [key.state for key in mine]
        assert states.count("active") == 1, "never two, never none"
        assert states.count("next") <= 1
        if complete:
            assert states.count("next") == 1
        first = min(key.activated_at for key in mine if key.activated_at is not None)
        for key in mine:
            if key.activated_at is None or key.activated_at == first:
                continue
            assert key.published_at is not None
            assert key.activated_at - key.published_at >= prepublication(settings), "signed before it was published"
