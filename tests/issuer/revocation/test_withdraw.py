"""Withdrawing trust: the effect, its audit row and its journal rows stand or fall together; R09, I2, I6, O32."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.issuer.issuing import ISSUER, World

from watchword.issuer.revocation import withdraw
from watchword.oauth.revocation import journal_digest
from watchword.store.repositories import audit, consents, epochs, grants, journal, sessions
from watchword.store.repositories.audit import Actor

pytestmark = pytest.mark.anyio

OPERATOR = Actor("operator", "root")


async def done(world: World, function: Any, **arguments: Any) -> Any:
    job = partial(function, reason="test", actor=OPERATOR, now=world.clock.now(), **arguments)
    return await world.issuer.store.write(job)


async def rows(world: World) -> list[tuple[int, str, str, int | None]]:
    entries = await world.issuer.store.read(partial(journal.after, seq=0, limit=100))
    return [(entry.seq, entry.kind, entry.digest, entry.epoch) for entry in entries]


async def actions(world: World) -> list[str]:
    entries = await world.issuer.store.read(partial(audit.latest, limit=100))
    return [entry.action for entry in entries if entry.actor == OPERATOR]


async def test_a_grant(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    gid = (await world.claims_of(body["access_token"]))["gid"]
    assert await done(world, withdraw.grant, grant_id=gid)
    assert not await done(world, withdraw.grant, grant_id=gid), "once is enough"
    assert not await done(world, withdraw.grant, grant_id="nobody")
    assert await rows(world) == [(1, "grant", journal_digest("grant", ISSUER, gid), None)]
    assert await actions(world) == ["grant.revoked"]


async def test_a_session_is_told_by_each_clients_own_name_for_it(world: World) -> None:
    first, second = await world.client(), await world.client()
    bodies = [await world.sign_in(client, scopes=("openid", "orders:read")) for client in (first, second)]
    sids = [(await world.claims_of(body["access_token"]))["sid"] for body in bodies]
    assert sids[0] != sids[1]
    assert await done(world, withdraw.session, session_id=world.session.id)
    assert not await done(world, withdraw.session, session_id=world.session.id)
    told = {(kind, digest) for _, kind, digest, _ in await rows(world)}
    assert told == {("session", journal_digest("session", ISSUER, sid)) for sid in sids}
    assert [seq for seq, *_ in await rows(world)] == [1, 2]


async def test_a_consent_ends_offline_grants_too(world: World) -> None:
    client, other = await world.client(), await world.client()
    body, kept = await world.sign_in(client), await world.sign_in(other)
    remember = partial(
        consents.remember,
        user_id=world.user.id,
        client_id=client.id,
        scopes=("orders:read",),
        resources=(),
        now=world.clock.now(),
    )
    await world.issuer.store.write(remember)
    assert await done(world, withdraw.consent, user_id=world.user.id, client_id=client.id)
    gid = (await world.claims_of(body["access_token"]))["gid"]
    assert await rows(world) == [(1, "grant", journal_digest("grant", ISSUER, gid), None)]
    assert not await done(world, withdraw.consent, user_id=world.user.id, client_id=client.id), "once is enough"
    assert await actions(world) == ["consent.withdrawn"]
    find = partial(consents.find, user_id=world.user.id, client_id=client.id)
    assert await world.issuer.store.read(find) is None
    assert await world.is_active(other, kept["access_token"])


async def test_a_subject(world: World) -> None:
    client = await world.client()
    body = await world.sign_in(client)
    epoch = await done(world, withdraw.subject, user_id=world.user.id)
    assert epoch == int(world.clock.now())
    session = await world.issuer.store.read(partial(sessions.find, session_id=world.session.id))
    assert session is not None
    assert session.ended_at is not None
    gid = (await world.claims_of(body["access_token"]))["gid"]
    grant = await world.issuer.store.read(partial(grants.find, grant_id=gid))
    assert grant is not None
    assert grant.revoked_reason == "test"
    assert await rows(world) == [(1, "subject", journal_digest("subject", ISSUER, world.user.id), epoch)]


async def test_epochs_grow_even_when_the_clock_goes_back(world: World) -> None:
    """max(old + 1, unix seconds): clocks skew, jump and tie."""
    seen = [await done(world, withdraw.everything)]
    seen.append(await done(world, withdraw.everything))
    world.clock.jump(-3600)
    seen.append(await done(world, withdraw.everything))
    world.clock.jump(7200)
    seen.append(await done(world, withdraw.everything))
    start = int(seen[0])
    assert seen == [start, start + 1, start + 2, start + 3600]
    assert {digest for _, _, digest, _ in await rows(world)} == {journal_digest("all", ISSUER, "")}


async def test_the_journal_has_no_gap_and_no_tie(world: World) -> None:
    """Sequence numbers follow the commits, whoever writes at the same time."""
    client = await world.client()
    await asyncio.gather(*(done(world, withdraw.client, client_id=client.id) for _ in range(30)))
    written = await rows(world)
    assert [seq for seq, *_ in written] == list(range(1, 31))
    raised = [epoch for *_, epoch in written]
    assert raised == sorted(set(raised), key=lambda epoch: epoch or 0)
    head = await world.issuer.store.read(journal.head)
    assert head.seq == 30
    in_force = await world.issuer.store.read(partial(epochs.current, kind="client", value=client.id))
    assert in_force == raised[-1]


async def test_nothing_stays_of_a_withdrawal_that_was_not_committed(world: World) -> None:
    """I6: no row without its effect."""
    client = await world.client()
    body = await world.sign_in(client)
    gid = (await world.claims_of(body["access_token"]))["gid"]

    def fails(connection: Connection) -> None:
        withdraw.grant(connection, gid, reason="test", actor=OPERATOR, now=world.clock.now())
        raise RuntimeError("after the effect")

    with pytest.raises(RuntimeError, match="after the effect"):
        await world.issuer.store.write(fails)
    assert await rows(world) == []
    assert await actions(world) == []
    assert await world.is_active(client, body["access_token"])
    assert (await world.issuer.store.read(journal.head)).seq == 0
