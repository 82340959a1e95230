"""kill -9 around the commit of each step of a key's life: R01, I5, I6."""

from functools import partial

import pytest
from sqlalchemy import Connection
from tests.faults.crash import CrashRunner
from tests.issuer.issuing import SETTINGS, World

from watchword.issuer.keys import rotation
from watchword.issuer.revocation import withdraw
from watchword.store.repositories import audit, signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.repositories.signing_keys import SigningKey

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = 50
STEPS = ("begin", "publish", "activate", "retire")


async def ring(world: World) -> list[SigningKey]:
    keys = await world.issuer.store.read(signing_keys.list_all)
    return [key for key in keys if (key.purpose, key.algorithm) == ("token", "ES256")]


async def check(world: World, signer: str, lead: float) -> None:
    """What holds after every fault."""
    keys = await ring(world)
    states = [key.state for key in keys]
    assert states.count("active") == states.count("next") == 1
    assert next(key.kid for key in keys if key.state == "active") == signer
    entries = await world.issuer.store.read(partial(audit.latest, limit=10_000))
    activations = {entry.target_id: entry for entry in entries if entry.action == "key.activated"}
    for key in keys:
        if key.activated_at is None:
            continue
        # I6: an activation is audited if and only if it happened. I5: none signs before it was published long enough.
        exempt = activations[key.kid].details.get("exempt_from_prepublication", False)
        assert exempt or key.published_at is not None
        assert exempt or key.activated_at - (key.published_at or 0) >= lead
    ours = {key.kid for key in keys}
    assert {kid for kid in activations if kid in ours} == {key.kid for key in keys if key.activated_at is not None}


def compromise(connection: Connection, *, now: float) -> None:
    for key in signing_keys.list_all(connection):
        if (key.purpose, key.algorithm) == ("token", "ES256") and key.state in {"next", "active"}:
            withdraw.key(connection, key.kid, reason="test", actor=SYSTEM, now=now)
    # The successor took over when the active key fell: it falls too.
    for key in signing_keys.list_all(connection):
        if (key.purpose, key.algorithm, key.state) == ("token", "ES256", "active"):
            withdraw.key(connection, key.kid, reason="test", actor=SYSTEM, now=now)


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_rotation_survives_the_death_of_its_worker(
    world: World, store_url: str, step: str, moment: str
) -> None:
    lead = rotation.prepublication(SETTINGS)
    async with CrashRunner("tests.issuer.issuing_worker", {"url": store_url, "now": world.clock.now()}) as runner:
        await runner.start()
        world.clock.advance(SETTINGS.key_lifetime)
        assert await runner.call(advance=True, now=world.clock.now()) is not None
        for _ in range(ROUNDS):
            world.clock.advance(SETTINGS.key_lifetime)
            if step == "begin":
                await world.issuer.store.write(partial(compromise, now=world.clock.now()))
            await runner.start(f"keys.{step}.{moment}=kill")
            assert await runner.call(advance=True, now=world.clock.now()) is None
            await runner.start()
            answer = await runner.call(advance=True, now=world.clock.now())
            assert answer is not None
            await check(world, answer["kid"], lead)
