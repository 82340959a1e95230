"""Kill -9 around the commit of every step of a key's life: R01, R36, I5, I6.

Each round begins with a ring at rest, lets a worker die at one point, starts another, and looks whether all that has to
hold holds. Run by tests/issuer/keys/test_rotation_crashes.py for a moment and by ``scripts/faults keys`` for long.
"""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete
from tests.conftest import MASTER_KEY, NOW
from tests.faults.crash import CrashRunner
from tests.issuer.issuing import SETTINGS, make_ring_keys, store_ring

from watchword.clock import SettableClock
from watchword.issuer.keys import rotation
from watchword.issuer.revocation import withdraw
from watchword.oauth.revocation import journal_digest
from watchword.store.engine import Store
from watchword.store.repositories import audit, journal, signing_keys
from watchword.store.repositories import signing_algorithms as algorithms
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.signing_keys import SigningKey
from watchword.store.tables import signing_algorithms
from watchword.store.tables import signing_keys as table

WORKER = "tests.issuer.issuing_worker"
MOMENTS = ("before_commit", "after_commit")
STEPS = ("begin", "publish", "activate", "retire", "compromise", "add_algorithm", "remove_algorithm")
POINTS = tuple(f"keys.{step}.{moment}" for step in STEPS for moment in MOMENTS)
LEAD = rotation.prepublication(SETTINGS)
ADDED = "Ed25519"


@dataclass
class Campaign:
    """One ring, and the workers that die over it.

    Args:
        store: where it is.
        runner: starts the workers.
        clock: their time.
        dice: chooses the pauses.
    """

    store: Store
    runner: CrashRunner
    clock: SettableClock
    dice: random.Random
    kills: dict[str, int] = field(default_factory=dict)

    async def round(self, point: str) -> None:
        """One death at ``point``, and the recovery."""
        step = point.split(".")[1]
        job = await self._prepare(step)
        before = await self._jwks_needed()
        await self.runner.start(f"{point}=kill")
        assert await self._call(**job) is None, f"nobody died at {point}"
        self.kills[point] = self.kills.get(point, 0) + 1
        await self._check_at_rest()
        # Whoever comes next goes on from there; what was asked for by hand is asked for again.
        await self.runner.start()
        again = job if job["keys"] != "remove_algorithm" or await self._is_held() else {"keys": "advance"}
        answer = await self._call(**again)
        assert answer is not None
        await self._check(answer, before, {job.get("kid")})

    async def _prepare(self, step: str) -> dict[str, Any]:
        """A ring at which ``step`` is the next thing to happen."""
        await self.runner.start()
        self.clock.advance(self.dice.uniform(LEAD, 2 * LEAD))
        assert await self._call(keys="advance") is not None
        match step:
            case "begin":
                self.clock.advance(SETTINGS.key_lifetime)
                await self.store.write(partial(_compromise_all, now=self.clock.now()))
            case "publish" | "activate":
                self.clock.advance(SETTINGS.key_lifetime)
            case "retire":
                self.clock.advance(SETTINGS.key_lifetime)
                assert await self._call(keys="advance") is not None
                self.clock.advance(rotation.retention())
            case "compromise":
                answer = await self._call(keys="advance")
                assert answer is not None
                return {"keys": "compromise", "kid": answer["kid"]}
            case "add_algorithm" | "remove_algorithm":
                wanted = step == "remove_algorithm"
                if await self._is_held() != wanted:
                    assert await self._call(keys="add_algorithm" if wanted else "remove_algorithm", algorithm=ADDED)
                if wanted:
                    self.clock.advance(LEAD)
                    assert await self._call(keys="advance") is not None
                return {"keys": step, "algorithm": ADDED}
        return {"keys": "advance"}

    async def _call(self, **job: Any) -> dict[str, Any] | None:
        return await self.runner.call(**job, now=self.clock.now())

    async def _is_held(self) -> bool:
        return await self.store.read(partial(algorithms.find, algorithm=ADDED)) is not None

    async def _keys(self) -> list[SigningKey]:
        return await self.store.read(signing_keys.list_all)

    async def _jwks_needed(self) -> set[str]:
        """Whose tokens may still live."""
        since = self.clock.now() - rotation.retention()
        keys = [key for key in await self._keys() if key.purpose == "token"]
        retiring = {key.kid for key in keys if key.state == "retiring" and (key.retiring_at or 0) > since}
        return retiring | {key.kid for key in keys if key.state == "active"}

    async def _check_at_rest(self) -> None:
        """What holds in the records at every moment, also right after a death."""
        keys = await self._keys()
        for state in ("active", "next"):
            places = [(key.purpose, key.algorithm) for key in keys if key.state == state]
            assert len(places) == len(set(places)), f"two keys are {state} in one place"
        told = await self.store.read(partial(audit.latest, limit=100_000))
        entries = [entry for entry in told if entry.details.get("algorithm") != "RS256"]
        for action, entered in (("key.activated", "activated_at"), ("key.compromised", "compromised_at")):
            audited = [entry.target_id for entry in entries if entry.action == action]
            assert len(audited) == len(set(audited)), "audited twice"
            # I6: audited if and only if it happened.
            assert set(audited) == {key.kid for key in keys if getattr(key, entered) is not None}
        rows = await self.store.read(partial(journal.unexpired, now=0.0))
        withdrawn = {row.digest for row in rows if row.kind == "key"}
        activations = {entry.target_id: entry for entry in entries if entry.action == "key.activated"}
        for key in keys:
            if key.activated_at is not None:
                # I5: none signs before it was published for long enough, but for those that are exempt and audited so.
                exempt = activations[key.kid].details.get("exempt_from_prepublication", False)
                assert exempt or key.activated_at - (key.published_at or key.activated_at) >= LEAD
            if key.state == "compromised":
                assert journal_digest("key", SETTINGS.issuer, key.kid) in withdrawn

    async def _check(self, answer: dict[str, Any], before: set[str], withdrawn: set[Any]) -> None:
        """What holds once somebody has gone on."""
        await self._check_at_rest()
        keys = await self._keys()
        for place in {("token", "ES256"), ("feed", "ES256")}:
            states = [key.state for key in keys if (key.purpose, key.algorithm) == place]
            assert states.count("active") == states.count("next") == 1, f"{place}: {states}"
        active = next(key for key in keys if (key.purpose, key.algorithm, key.state) == ("token", "ES256", "active"))
        assert answer["kid"] == active.kid
        published = {key["kid"] for key in answer["jwks"]}
        assert await self._jwks_needed() <= published
        # A key that a token of a moment ago needs is there still, unless it was withdrawn.
        ended = {key.kid for key in keys if key.state in {"retired", "compromised"}}
        assert before - withdrawn - ended <= published
        assert not {key.kid for key in keys if key.state == "compromised"} & published


def _compromise_all(connection: Connection, *, now: float) -> None:
    """Nothing is left in the slot: its active key falls, and the successor that took over with it."""
    for _ in range(2):
        for key in signing_keys.list_all(connection):
            if (key.purpose, key.algorithm) == ("token", "ES256") and key.state in {"next", "active"}:
                withdraw.key(connection, key.kid, reason="test", actor=SYSTEM, now=now)


def without_rsa(connection: Connection) -> None:
    """An RSA key takes too long to make for hundreds of rounds; the steps are the same for each slot."""
    connection.execute(delete(signing_algorithms).where(signing_algorithms.c.algorithm == "RS256"))
    connection.execute(delete(table).where(table.c.algorithm == "RS256"))


@asynccontextmanager
async def campaign(store: Store, url: str, seed: int) -> AsyncIterator[Campaign]:
    """A ring at rest on an empty installation, and somebody to start workers."""
    clock = SettableClock(NOW)
    await store_ring(store, make_ring_keys(MASTER_KEY), clock.now())
    await store.write(without_rsa)
    async with CrashRunner(WORKER, {"url": url, "now": clock.now()}) as runner:
        yield Campaign(store, runner, clock, random.Random(seed))


async def run(store: Store, url: str, *, seed: int, rounds: int) -> dict[str, Any]:
    """Every point ``rounds`` times, in an order of the dice's; how often each was died at."""
    async with campaign(store, url, seed) as at_work:
        points = [point for point in POINTS for _ in range(rounds)]
        at_work.dice.shuffle(points)
        for point in points:
            await at_work.round(point)
        return {"kills": json.loads(json.dumps(at_work.kills, sort_keys=True))}
