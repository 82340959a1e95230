"""R02: many rotators at once, in processes and in threads of them; of each step one takes it."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import pytest
from tests.conftest import MASTER_KEY, NOW
from tests.faults.campaigns.keys import WORKER, without_rsa
from tests.faults.crash import CrashRunner
from tests.issuer.issuing import SETTINGS, make_ring_keys, store_ring

from watchword.store.engine import Store
from watchword.store.repositories import audit, signing_keys

pytestmark = pytest.mark.anyio

PROCESSES, AT_ONCE, ROUNDS = 3, 4, 4


async def test_of_many_rotators_one_takes_each_step(store: Store, store_url: str) -> None:
    await store_ring(store, make_ring_keys(MASTER_KEY), NOW)
    await store.write(without_rsa)
    setup = {"url": store_url, "now": NOW}
    async with AsyncExitStack() as stack:
        runners = [await stack.enter_async_context(CrashRunner(WORKER, setup)) for _ in range(PROCESSES)]
        await asyncio.gather(*(runner.start() for runner in runners))
        now = float(NOW)
        for taken in range(1, ROUNDS + 1):
            now += SETTINGS.key_lifetime
            jobs = [{"keys": "advance", "now": now}] * AT_ONCE
            answers = [one for done in await asyncio.gather(*(r.call_all(jobs) for r in runners)) for one in done]
            keys = await store.read(signing_keys.list_all)
            for purpose in ("token", "feed"):
                states = [key.state for key in keys if (key.purpose, key.algorithm) == (purpose, "ES256")]
                assert states.count("active") == states.count("next") == 1
            active = next(key.kid for key in keys if (key.purpose, key.state) == ("token", "active"))
            assert {one["kid"] for one in answers if one is not None} == {active}
            entries = await store.read(partial(audit.latest, limit=10_000))
            activated = [one.target_id for one in entries if one.action == "key.activated"]
            assert len(activated) == len(set(activated)) == 3 + 2 * taken, "each once: two places, and three at first"
        for runner in runners:
            await runner.stop()
