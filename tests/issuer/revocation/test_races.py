"""Issuing while trust is withdrawn: whatever got out says so itself, by a stale epoch or a revoked grant (O32, I6)."""

import asyncio
from functools import partial
from typing import Any

import pytest
from tests.issuer.issuing import World

from watchword.events import GrantRevoked, ReuseDetected
from watchword.issuer.revocation import withdraw
from watchword.store.repositories import audit, epochs, journal
from watchword.store.repositories.audit import Actor
from watchword.store.repositories.clients import Client
from watchword.store.repositories.epochs import EpochKind

pytestmark = pytest.mark.anyio

OPERATOR = Actor("operator", "root")
KINDS: dict[str, EpochKind] = {"subject": "subject", "client": "client", "everything": "all"}


def withdrawal(world: World, client: Client, kind: str) -> Any:
    names: dict[str, dict[str, str]] = {
        "subject": {"user_id": world.user.id},
        "client": {"client_id": client.id},
        "everything": {},
    }
    job = partial(getattr(withdraw, kind), reason="test", actor=OPERATOR, now=world.clock.now(), **names[kind])
    return world.issuer.store.write(job)


@pytest.mark.parametrize("kind", ["subject", "client", "everything"])
async def test_a_token_made_during_a_withdrawal_is_refused_or_carries_the_new_epoch(world: World, kind: str) -> None:
    """No order of the two gives a token that is good afterwards and was permitted before."""
    client = await world.client()
    families = [(await world.sign_in(client))["refresh_token"] for _ in range(6)]
    codes = [await world.code(client) for _ in range(6)]
    asking: list[Any] = [world.refresh(client, text) for text in families]
    asking += [world.redeem(client, code) for code in codes]
    asking += [world.token(client, {"grant_type": "client_credentials"}) for _ in range(6)]
    asking.insert(len(asking) // 2, withdrawal(world, client, kind))
    answers = [answer for answer in await asyncio.gather(*asking) if not isinstance(answer, int)]
    value = {"subject": world.user.id, "client": client.id, "everything": ""}[kind]
    name = KINDS[kind]
    epoch = await world.issuer.store.read(partial(epochs.current, kind=name, value=value))
    place = ("subject", "client", "all").index(name)
    assert epoch > 0
    for answer in answers:
        assert answer.status_code in {200, 400}, answer.text
        if answer.status_code == 400:
            assert answer.json()["error"] == "invalid_grant"
            continue
        body = answer.json()
        claims = await world.claims_of(body["access_token"])
        of_a_user = "gid" in claims
        is_behind = claims["ww_epoch"][place] < epoch
        if of_a_user:
            assert is_behind, "a user's grant made before can only have been redeemed before"
        if is_behind and (of_a_user or kind != "subject"):
            assert not await world.is_active(client, body["access_token"])
        if "refresh_token" in body:
            refused = await world.refresh(client, body["refresh_token"])
            assert refused.json()["error"] == "invalid_grant"


async def test_the_journal_is_gapless_whatever_is_withdrawn_at_once(world: World) -> None:
    """Sequence = order of commits, with every kind of row and with refusals and reuse between them."""
    client, other = await world.client(), await world.client()
    bodies = [await world.sign_in(client, scopes=("openid", "orders:read")) for _ in range(4)]
    used = await world.code(other)
    assert (await world.redeem(other, used)).status_code == 200
    asking: list[Any] = [world.post("/revoke", client, {"token": body["refresh_token"]}) for body in bodies[:2]]
    asking += [world.post("/revoke", client, {"token": body["access_token"]}) for body in bodies]
    asking += [world.redeem(other, used) for _ in range(3)]
    asking += [withdrawal(world, client, kind) for kind in ("subject", "client", "everything")]
    session = partial(
        withdraw.session, session_id=world.session.id, reason="test", actor=OPERATOR, now=world.clock.now()
    )
    asking.append(world.issuer.store.write(session))
    await asyncio.gather(*asking)
    rows = await world.issuer.store.read(partial(journal.after, seq=0, limit=1000))
    head = await world.issuer.store.read(journal.head)
    assert [row.seq for row in rows] == list(range(1, head.seq + 1))
    assert len({(row.kind, row.digest, row.epoch) for row in rows}) == len(rows), "nothing is told twice"


async def test_o20_a_revocation_is_told_once_and_each_reuse_every_time(world: World) -> None:
    """I6: an event, like an audit row, is told of what was done and not of what was asked."""
    client = await world.client()
    code = await world.code(client)
    for status in (200, 400, 400, 400):
        assert (await world.redeem(client, code)).status_code == status
    told = [type(event) for event in world.listener.events]
    assert (told.count(ReuseDetected), told.count(GrantRevoked)) == (3, 1)
    entries = await world.issuer.store.read(partial(audit.latest, limit=100))
    assert [entry.action for entry in entries].count("grant.revoked") == 1


async def test_i6_withdrawing_nothing_leaves_no_trace(world: World) -> None:
    client = await world.client()
    before = await world.issuer.store.read(partial(audit.latest, limit=100))
    jobs = (
        partial(withdraw.consent, user_id=world.user.id, client_id=client.id),
        partial(withdraw.grant, grant_id="nobody"),
        partial(withdraw.session, session_id="nobody"),
        partial(withdraw.key, kid="nobody"),
    )
    for job in jobs:
        done = partial(job, reason="test", actor=OPERATOR, now=world.clock.now())
        assert not await world.issuer.store.write(done)
    assert await world.issuer.store.read(partial(audit.latest, limit=100)) == before
    assert (await world.issuer.store.read(journal.head)).seq == 0
