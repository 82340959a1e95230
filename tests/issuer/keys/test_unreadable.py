"""R37: a signing key that cannot be read. Not ready, and no other key in its place."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import update
from tests.issuer.issuing import ORDERS, World, make_ring

from watchword.issuer.health import KEPT
from watchword.issuer.keys.signers import SigningKeyUnreadableError
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.repositories import signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.sealing import MasterKey
from watchword.store.tables import signing_keys as table

pytestmark = pytest.mark.anyio


async def spoil(world: World, kid: str, sealed: bytes) -> None:
    def job(connection: Any) -> None:
        connection.execute(update(table).where(table.c.kid == kid).values(sealed_private_jwk=sealed))

    await world.issuer.store.write(job)


async def sealed(world: World, kid: str) -> bytes:
    key = await world.issuer.store.read(partial(signing_keys.find, kid=kid))
    assert key is not None
    return key.sealed_private_jwk


@pytest.mark.parametrize("damage", ["cut", "flipped", "another key"])
async def test_not_ready_and_nothing_in_its_place(world: World, master_key: MasterKey, damage: str) -> None:
    store = world.issuer.store
    kid = (await world.issuer.keys.signer("ES256")).kid
    whole = await sealed(world, kid)
    other = (await world.issuer.keys.signer("RS256")).kid
    damaged = {"cut": whole[:-1], "flipped": whole[:-1] + bytes([whole[-1] ^ 1]), "another key": b""}[damage]
    await spoil(world, kid, damaged or await sealed(world, other))
    before = await store.read(signing_keys.list_all)
    ring = make_ring(store, world.clock, master_key)
    with pytest.raises(SigningKeyUnreadableError, match=kid) as raised:
        await ring.start()
    assert "PRIVATE" not in str(raised.value)
    world.issuer.keys._opened.clear()  # as a process that has just begun
    await world.issuer.keys.refresh()
    readiness = await world.http.get("/readyz")
    assert (readiness.status_code, readiness.json()) == (503, {"status": "not ready"})
    assert (await world.issuer.health.report()).checks["keys"] == "failed"
    client = await world.client()
    code = await world.code(client)
    refused = [
        await world.token(client, {"grant_type": "client_credentials", "resource": ORDERS}),
        await world.redeem(client, code),
    ]
    assert [answer.status_code for answer in refused] == [503, 503]
    for _ in range(3):
        await world.issuer.keys.advance()
    assert await store.read(signing_keys.list_all) == before, "no key was made in its place"
    # Mended, everything goes on, the code too.
    await spoil(world, kid, whole)
    await world.issuer.keys.refresh()
    world.clock.advance(KEPT)
    assert (await world.http.get("/readyz")).status_code == 200
    assert (await world.redeem(client, code)).status_code == 200


async def test_the_way_out_that_the_message_names(world: World) -> None:
    ring = world.issuer.keys
    kid = (await ring.signer("ES256")).kid
    await spoil(world, kid, b"gone")
    ring._opened.clear()
    await ring.refresh()
    with pytest.raises(TemporarilyUnavailableError) as raised:
        await ring.signers()
    assert f"watchword keys compromise {kid}" in (raised.value.detail or "")
    assert await ring.compromise(kid, reason="lost", actor=SYSTEM)
    assert (await ring.signers()).of("ES256").kid != kid
