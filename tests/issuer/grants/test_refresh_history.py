"""Refreshes and revocations at random, four at a time, in a worker that dies at random commits; then the history of
what clients saw is held against the rules (THREATS 6.1: I1, I2, I3, I8). The seed is in the test's name.
"""

import random
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.faults.crash import CrashRunner
from tests.faults.history import History, no_accept_after_revocation, no_lost_write, single_successor
from tests.issuer.issuing import SECRET, World

from watchword.oauth.bearer import digest
from watchword.store.repositories import grants, refresh_tokens
from watchword.store.repositories.clients import Client
from watchword.store.tables import journal, journal_head

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FAMILIES = 4
STEPS = 40
AT_ONCE = 4
FAILPOINTS = "store.before_commit=kill%8;store.after_commit=kill%8"


class Tools:
    """Four tools of one confidential client, each with a refresh token that several of its workers share."""

    def __init__(self, world: World, client: Client, dice: random.Random) -> None:
        self.world = world
        self.client = client
        self.dice = dice
        self.history = History()
        self.current: dict[str, str] = {}

    async def sign_in(self) -> None:
        for number in range(FAMILIES):
            self.current[f"family {number}"] = (await self.world.sign_in(self.client))["refresh_token"]

    async def step(self, runner: CrashRunner) -> bool:
        """Use one token several times at once, sometimes revoking it meanwhile; whether the worker died of it."""
        family = self.dice.choice(list(self.current))
        kinds = ["refresh"] * AT_ONCE
        if self.dice.random() < 0.1:
            kinds[self.dice.randrange(AT_ONCE)] = "revoke"
        token, successors = self.current[family], set()
        with ExitStack() as attempts:
            operations = [attempts.enter_context(self.history.attempt(kind, token, family=family)) for kind in kinds]
            answers = await runner.call_all([self._job(kind, token) for kind in kinds])
            for operation, answer in zip(operations, answers, strict=True):
                if answer is None:
                    continue
                assert answer["status"] in {200, 400, 503}, answer
                if answer["status"] != 200:
                    operation.refused(answer["body"]["error"])
                    continue
                successor = answer["body"].get("refresh_token")
                operation.ok(successor or "")
                successors |= {successor} - {None}
        self.current[family] = successors.pop() if successors else token
        return None in answers

    def _job(self, kind: str, token: str) -> dict[str, Any]:
        forms = {
            "refresh": ("/token", {"grant_type": "refresh_token", "refresh_token": token}),
            "revoke": ("/revoke", {"token": token}),
        }
        path, form = forms[kind]
        return {"path": path, "form": form, "id": self.client.id, "secret": SECRET, "now": self.world.clock.now()}


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_clients_saw_is_consistent(world: World, store_url: str, seed: int) -> None:
    tools = Tools(world, await world.client(), random.Random(seed))
    await tools.sign_in()
    deaths = 0
    async with CrashRunner("tests.issuer.issuing_worker", {"url": store_url, "now": world.clock.now()}) as runner:
        await runner.start(FAILPOINTS)
        for _ in range(STEPS):
            if await tools.step(runner):
                deaths += 1
                await runner.start(FAILPOINTS)
            world.clock.advance(1)
    assert deaths, "nothing died: the dice are wrong"

    history, read = tools.history, world.issuer.store.read
    kept = await read(partial(remembered, texts=[done.result or "" for done in history.acknowledged("refresh")]))
    withdrawn = await read(partial(revoked, texts=[done.subject for done in history.acknowledged("revoke")]))
    assert single_successor(history) == []
    assert no_accept_after_revocation(history, uses=["refresh"]) == []
    assert no_lost_write(history, ["refresh"], lambda done: done.result in kept) == []
    assert no_lost_write(history, ["revoke"], lambda done: done.subject in withdrawn) == []
    assert await read(journal_gap) == 0


def remembered(connection: Connection, texts: list[str]) -> set[str]:
    return {text for text in texts if refresh_tokens.find(connection, digest(text)) is not None}


def revoked(connection: Connection, texts: list[str]) -> set[str]:
    found = set()
    for text in texts:
        token = refresh_tokens.find(connection, digest(text))
        grant = None if token is None else grants.find(connection, token.grant_id)
        if grant is not None and grant.revoked_at is not None:
            found.add(text)
    return found


def journal_gap(connection: Connection) -> int:
    head = connection.execute(select(journal_head.c.seq)).scalar_one()
    return int(head - connection.execute(select(func.count()).select_from(journal)).scalar_one())
