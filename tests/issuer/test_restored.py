"""R25, R66: a real backup is put back; nothing that was handed out before is good, and everybody can begin anew."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from tests.conftest import NOW
from tests.faults.put_back import Archive
from tests.issuer.issuing import ORDERS, SECRETS, Listener, World, client_of, make_issuer
from tests.issuer.revocation.serving import served
from tests.verify.revocation.readers import marks, reading, verdict

from watchword.admin import restore
from watchword.admin.desk import AdminDesk
from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.health import KEPT
from watchword.issuer.restore_guard import MARK_EVERY, RestoreGuard
from watchword.issuer.revocation import withdraw
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.engine import open_store
from watchword.store.errors import RestoredError
from watchword.store.fencing import FencedError, fenced_by
from watchword.store.repositories import audit, leases, sessions, signing_keys
from watchword.store.repositories.audit import SYSTEM
from watchword.store.sealing import MasterKey
from watchword.store.tables import consents, grants, setup_links, witnesses
from watchword.store.tables import sessions as session_rows
from watchword.store.witness import Witness
from watchword.store.witness_file import WitnessFile

pytestmark = pytest.mark.anyio


@pytest.fixture
def archive(store_url: str, request: pytest.FixtureRequest) -> Archive:
    is_sqlite = store_url.startswith("sqlite")
    return Archive(store_url, None if is_sqlite else request.getfixturevalue("postgres_server"))


def guard_of(world: World, file: Path, interrupt: Callable[[], None] = lambda: None) -> RestoreGuard:
    witness = Witness(world.issuer.store, WitnessFile(file, SECRETS["witness"]))
    return RestoreGuard(witness, world.clock, interrupt=interrupt)


def desk_of(world: World) -> AdminDesk:
    issuer = world.issuer
    return AdminDesk(issuer.store, issuer.clock, issuer.passwords, issuer.keys, issuer.settings)


@asynccontextmanager
async def begun_again(
    world: World, url: str, clock: SettableClock, master_key: MasterKey, file: Path
) -> AsyncIterator[World]:
    """The same issuer in another process, after the database was put back."""
    store = open_store(url)
    made = make_issuer(store, clock, master_key, Listener())
    issuer = replace(made, guard=RestoreGuard(Witness(store, WitnessFile(file, SECRETS["witness"])), clock))
    try:
        async with client_of(create_app(issuer)) as http:
            yield World(issuer, clock, http, world.listener, world.user, world.session)
    finally:
        issuer.passwords.close()
        await store.close()


async def sign_in_anew(world: World) -> World:
    job = partial(
        sessions.create,
        user_id=world.user.id,
        cookie_hash=digest(new_bearer("session")),
        auth_time=world.clock.now(),
        acr="urn:watchword:acr:password",
        amr=("pwd",),
        now=world.clock.now(),
        lifetime=world.issuer.settings.session_lifetime,
    )
    return replace(world, session=await world.issuer.store.write(job))


async def count(world: World, query: Any) -> int:
    return int(await world.issuer.store.read(lambda connection: connection.execute(query).scalar_one()))


async def test_nothing_from_before_is_good_and_everybody_begins_anew(
    world: World, archive: Archive, master_key: MasterKey, tmp_path: Path
) -> None:
    file = tmp_path / "witness"
    guard = guard_of(world, file)
    await guard.start()
    client = await world.client()
    revoked, used = await world.sign_in(client), await world.sign_in(client)
    saved = await to_thread(archive.save)

    gid = (await world.claims_of(revoked["access_token"]))["gid"]
    job = partial(withdraw.grant, grant_id=gid, reason="test", actor=SYSTEM, now=world.clock.now())
    assert await world.issuer.store.write(job)
    rotated = await world.refresh(client, used["refresh_token"])
    later = await world.sign_in(client)
    await guard.check()

    async with served(world) as first:
        with reading(first) as reader:
            old = await world.claims_of(used["access_token"])
            told = {name: old[name] for name in ("sub", "client_id", "gid", "jti", "ww_epoch")}
            assert await to_thread(verdict, reader, marks(first, **told)) == "good"
            before = reader.status().journal_id
            port = first.port
            first.server.should_exit = True
            await first.task
            await world.issuer.store.close()
            await to_thread(archive.put_back, saved)
            world.clock.advance(2)

            async with begun_again(world, archive.url, world.clock, master_key, file) as again:
                with pytest.raises(RestoredError, match="older copy"):
                    await again.issuer.guard.start()
                await again.issuer.guard.check()
                assert (await again.http.get("/readyz")).status_code == 503
                assert (await again.issuer.health.report()).checks["restore"] == "failed"
                assert (await again.http.get("/jwks")).status_code == 503
                assert (await again.refresh(client, revoked["refresh_token"])).status_code == 503

                witness = Witness(again.issuer.store, WitnessFile(file, SECRETS["witness"]))
                done = await restore.acknowledge(desk_of(again), witness)
                assert (done.grants, done.sessions) == (2, 1)
                await again.issuer.guard.check()
                assert not again.issuer.guard.is_restored
                await again.issuer.keys.start()
                world.clock.advance(KEPT)
                assert (await again.http.get("/readyz")).status_code == 200

                tokens = [revoked, used, later, rotated.json()]
                for token in (one["refresh_token"] for one in tokens):
                    answer = await again.refresh(client, token)
                    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
                for token in (one["access_token"] for one in tokens):
                    assert not await again.is_active(client, token)

                async with served(again, port=port) as second:
                    while reader.status().journal_id == before:
                        world.clock.advance(10)  # the feed's keys are new too, and are not fetched again at once
                        await to_thread(verdict, reader, marks(second, **told))
                        assert world.clock.now() < NOW + 120
                    assert reader.status().journal_id == done.journal_id
                    assert await to_thread(verdict, reader, marks(second, **told)) == "all"
                    fresh = await (await sign_in_anew(again)).sign_in(client)
                    claims = await again.claims_of(fresh["access_token"])
                    told = {name: claims[name] for name in ("sub", "client_id", "gid", "jti", "ww_epoch")}
                    assert await to_thread(verdict, reader, marks(second, **told)) == "good"
                    assert await again.is_active(client, fresh["access_token"])


async def test_acknowledging_is_one_transaction_with_its_audit_row(world: World) -> None:
    client = await world.client()
    await world.sign_in(client)
    before = await world.issuer.feed.head()
    old = {key.kid for key in await world.issuer.store.read(signing_keys.list_all)}
    done = await restore.acknowledge(desk_of(world), None)
    head = await world.issuer.feed.head()
    assert head.journal_id == done.journal_id != before.journal_id
    assert head.seq > before.seq
    keys = await world.issuer.store.read(signing_keys.list_all)
    assert {key.kid for key in keys if key.state == "compromised"} == old, "successors too: they may have been before"
    fresh = [(key.purpose, key.algorithm, key.state) for key in keys if key.kid not in old]
    assert sorted(fresh) == [("feed", "ES256", "active"), ("token", "ES256", "active"), ("token", "RS256", "active")]
    answer = await world.token(client, {"grant_type": "client_credentials", "resource": ORDERS})
    assert answer.status_code == 200, "a process that has the old keys at hand signs with the new ones at once"
    assert await world.claims_of(answer.json()["access_token"])
    assert await count(world, select(func.count()).where(grants.c.revoked_at.is_(None))) == 0
    assert await count(world, select(func.count()).where(session_rows.c.ended_at.is_(None))) == 0
    assert await count(world, select(func.count()).select_from(consents)) == 0
    assert await count(world, select(func.count()).where(setup_links.c.used_at.is_(None))) == 0
    rows = await world.issuer.store.read(lambda connection: audit.latest(connection, limit=50))
    (row,) = [row for row in rows if row.action == "issuer.restored"]
    assert row.details["from_journal"] == before.journal_id
    assert row.details["journal_id"] == done.journal_id


async def test_a_leader_of_what_was_lost_is_none_any_more(world: World) -> None:
    """R59 through R25: the backup knows nothing of later leaders; their numbers must not be given out again."""
    store = world.issuer.store
    lead = partial(leases.take, name="housekeeping", seconds=60.0, by_lock=True)
    saved = await store.write(partial(lead, holder="of the backup"))
    assert saved is not None
    lost = replace(saved, number=saved.number + 1)  # it began to lead after the backup, and was paused since
    await restore.acknowledge(desk_of(world), None)
    following = await store.write(partial(lead, holder="after the restore"))
    assert following is not None
    assert following.number > lost.number
    with fenced_by(lost), pytest.raises(FencedError):
        await store.write(lambda connection: connection.execute(delete(consents)).rowcount)
    with fenced_by(following):
        await store.write(lambda connection: connection.execute(delete(consents)).rowcount)


async def test_a_second_restore_to_before_the_first_is_noticed(
    world: World, archive: Archive, master_key: MasterKey, tmp_path: Path
) -> None:
    file = tmp_path / "witness"
    await guard_of(world, file).start()
    saved = await to_thread(archive.save)
    first = await restore.acknowledge(
        desk_of(world), Witness(world.issuer.store, WitnessFile(file, SECRETS["witness"]))
    )
    await world.issuer.store.close()
    await to_thread(archive.put_back, saved)
    async with begun_again(world, archive.url, world.clock, master_key, file) as again:
        with pytest.raises(RestoredError, match="before a restore that was acknowledged"):
            await again.issuer.guard.start()
        witness = Witness(again.issuer.store, WitnessFile(file, SECRETS["witness"]))
        second = await restore.acknowledge(desk_of(again), witness)
        assert second.generation > first.generation, "though the clock stands still"
        await again.issuer.guard.start()


async def test_another_replica_learns_that_it_was_acknowledged(world: World, tmp_path: Path) -> None:
    other = guard_of(world, tmp_path / "other")
    await other.start()
    await restore.acknowledge(desk_of(world), None)
    await other.check()
    assert not other.is_restored
    await guard_of(world, tmp_path / "other").start()


async def test_streams_end_when_it_is_found_out(world: World, tmp_path: Path) -> None:
    ended: list[str] = []
    guard = guard_of(world, tmp_path / "w", lambda: ended.append("ended"))
    await guard.start()

    await world.issuer.store.write(lambda connection: connection.execute(delete(witnesses)))
    await guard.check()
    await guard.check()
    assert (guard.is_restored, ended) == (True, ["ended"])


async def test_a_mark_is_made_from_time_to_time_and_when_trust_is_withdrawn(world: World, tmp_path: Path) -> None:
    file = WitnessFile(tmp_path / "w", SECRETS["witness"])

    def mark() -> int:
        found = file.read()
        return 0 if found is None else found.mark

    guard = guard_of(world, file.path)
    await guard.start()
    await guard.check()
    assert mark() == 1
    world.clock.advance(MARK_EVERY)
    await guard.check()
    assert mark() == 2
    job = partial(withdraw.everything, reason="test", actor=SYSTEM, now=world.clock.now())
    await world.issuer.store.write(job)
    await guard.check()
    assert mark() == 3
    await guard.stop()
    assert mark() == 4
