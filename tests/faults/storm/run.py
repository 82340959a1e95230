"""One run: several issuer processes over one database, clients at work, one fault after the other, and a judgement.

The judgement is THREATS 6.1: acknowledged writes survive (I2), one successor for each refresh token and none after a
revocation (I3), a code is redeemed once (I4), what is signed verifies (I5), the audit tells every effect once (I6),
errors are closed (I8), and everything heals without a hand within half a minute (I9).
"""

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from benchmarks.trust.installation import DatabaseKind, Installation, installed
from sqlalchemy import Connection, func, select
from tests.faults.history import (
    History,
    Violation,
    no_accept_after_revocation,
    no_lost_write,
    single_successor,
    used_at_most_once,
)
from tests.faults.postgres import PostgresServer
from tests.faults.proxy import FaultProxy
from tests.faults.storm.load import Family, Load, settle
from tests.faults.storm.weather import (
    BadNetwork,
    DatabaseFrozen,
    DatabaseKilled,
    Killed,
    Locked,
    Paused,
    ReadOnly,
    Trouble,
    Weather,
)

from watchword.jose import KeySet
from watchword.store.engine import Store, open_store
from watchword.store.tables import audit, journal, refresh_tokens, signing_keys
from watchword.wiring import issuer_settings

RECOVERY = 30.0  # seconds, I9


@dataclass(slots=True)
class Report:
    """What happened and what is wrong with it; nothing is wrong when ``findings`` is empty."""

    seed: int
    database: DatabaseKind
    seconds: float
    struck: Counter[str]
    answers: Counter[str]
    acknowledged: Counter[str]
    healed_after: float
    findings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    """Where a run takes place: the installation, the way past what breaks, and what can break."""

    installation: Installation
    direct: Store
    troubles: list[Trouble]


async def storm(database: DatabaseKind, *, seed: int, seconds: float, processes: int = 2, writers: int = 6) -> Report:
    """Run once.

    Args:
        database: which kind; a new one.
        seed: decides what breaks, when, and what the clients do; the machine decides the rest.
        seconds: of faults; starting and healing come on top.
        processes: `watchword serve` that share the database.
        writers: clients at once.
    """
    dice = random.Random(seed)
    async with _stage(database, processes) as stage:
        load = await _load(stage, random.Random(dice.random()))
        weather = Weather(stage.troubles, dice)
        working = asyncio.create_task(load.run(writers=writers))
        try:
            await weather.rage(seconds)
            healed_after = await _heal(stage.installation)
            await asyncio.sleep(0.5)  # a calm moment of load after the last fault
        finally:
            load.stopping = True
            await working
        report = Report(
            seed=seed,
            database=database,
            seconds=seconds,
            struck=weather.struck,
            answers=load.answers,
            acknowledged=Counter(operation.kind for operation in load.history.operations if operation.outcome == "ok"),
            healed_after=healed_after,
        )
        report.findings += load.surprises[:20]
        report.findings += await _afterwards(load)
        report.findings += await _judgement(load.history, stage.direct)
        await load.close()
    return report


@asynccontextmanager
async def _stage(database: DatabaseKind, processes: int) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        postgres, proxy, url, direct_url = None, None, None, None
        if database == "postgresql":
            postgres = PostgresServer(durable=True)
            stack.callback(postgres.remove)
            await asyncio.to_thread(postgres.start)
            proxy = await stack.enter_async_context(FaultProxy(postgres.port))
            url, direct_url = postgres.url(port=proxy.port), postgres.url()
        installation = await asyncio.to_thread(stack.enter_context, installed(database, processes=processes, url=url))
        path = installation.directory / "data.sqlite"
        direct = open_store(direct_url or f"sqlite:///{path}", shared=True)
        stack.push_async_callback(direct.close)
        troubles: list[Trouble] = [Killed(installation.servers), Paused(installation.servers)]
        if postgres is None or proxy is None:
            troubles.append(Locked(path))
        else:
            troubles += [DatabaseKilled(postgres), DatabaseFrozen(postgres), ReadOnly(postgres), BadNetwork(proxy)]
        yield Stage(installation, direct, troubles)


async def _load(stage: Stage, dice: random.Random) -> Load:
    installation = stage.installation
    settings = issuer_settings(installation.settings)
    tls = ssl.create_default_context(cafile=str(installation.authority))
    async with httpx2.AsyncClient(verify=tls, trust_env=False) as http:
        published = await http.get(f"{installation.issuer}/jwks")
    return Load(
        ports=[server.port for server in installation.servers],
        host=installation.issuer.removeprefix("https://"),
        tls=tls,
        store=stage.direct,
        settings=settings,
        people=await settle(stage.direct, settings),
        keys=KeySet.from_dict(published.json()),
        dice=dice,
    )


async def _heal(installation: Installation) -> float:
    """Seconds until every process is ready again."""
    began = time.monotonic()
    await asyncio.to_thread(installation.await_answers)
    return time.monotonic() - began


async def _afterwards(load: Load) -> list[str]:
    """What was acknowledged holds now that all is quiet: revoked families are dead, all others live."""
    findings = []
    for family in load.families:
        status, body = await load.post("/introspect", {"token": family.access_token}, None)
        if status != 200:
            findings.append(f"after the storm introspection answers {status}: {body}")
        elif family.ended == "revoked" and body.get("active"):
            findings.append(f"a token of the revoked grant {family.gid} is active")
        if family.ended in {"", "revoked"}:
            findings += await _family_is(load, family, alive=family.ended == "")
    return findings


async def _family_is(load: Load, family: Family, *, alive: bool) -> list[str]:
    form = {"grant_type": "refresh_token", "refresh_token": family.refresh_token}
    status, body = await load.post("/token", form, family.client)
    if alive and status != 200 and not _was_in_doubt(load.history, family):
        return [f"the acknowledged refresh token of grant {family.gid} is refused: {status} {body}"]
    if not alive and status != 400:
        return [f"a refresh token of the revoked grant {family.gid} is answered {status}"]
    return []


def _was_in_doubt(history: History, family: Family) -> bool:
    """Whether something that was neither acknowledged nor refused may have ended it or moved it on."""
    return any(
        operation.outcome == "maybe" and operation.family == family.gid and operation.kind in {"refresh", "revoke"}
        for operation in history.operations
    )


async def _judgement(history: History, store: Store) -> list[str]:
    violations = single_successor(history)
    violations += used_at_most_once(history, "redeem")
    violations += no_accept_after_revocation(history, uses=("refresh", "introspect"))
    written = await store.read(_refresh_tokens)
    violations += no_lost_write(history, ("redeem", "refresh"), lambda operation: operation.result in written)
    revoked = await store.read(_revocations)
    violations += no_lost_write(history, ("revoke",), lambda operation: revoked[operation.subject] == 1)
    findings = [_told(violation) for violation in violations]
    findings += await store.read(_books)
    return findings


def _refresh_tokens(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(select(refresh_tokens.c.token_hash)).scalars())


def _revocations(connection: Connection) -> Counter[str]:
    statement = select(audit.c.target_id).where(audit.c.action == "grant.revoked")
    return Counter(connection.execute(statement).scalars())


def _books(connection: Connection) -> list[str]:
    """I6 and the order of the journal, and one signing key for each place."""
    findings = []
    if twice := [gid for gid, times in _revocations(connection).items() if times > 1]:
        findings.append(f"the audit tells the end of {len(twice)} grants more than once")
    seqs = connection.execute(select(journal.c.seq).order_by(journal.c.seq)).scalars().all()
    if sorted(set(seqs)) != list(range(1, len(set(seqs)) + 1)):
        findings.append("the journal has gaps")
    statement = (
        select(signing_keys.c.purpose, signing_keys.c.algorithm, func.count())
        .where(signing_keys.c.state == "active")
        .group_by(signing_keys.c.purpose, signing_keys.c.algorithm)
    )
    findings += [
        f"{count} active keys for {purpose} {alg}"
        for purpose, alg, count in connection.execute(statement)
        if count != 1
    ]
    return findings


def _told(violation: Violation) -> str:
    shown = "; ".join(
        f"{one.kind} {one.subject[:12]} {one.outcome} [{one.start}, {one.end}]" for one in violation.operations[:3]
    )
    return f"{violation.rule}: {shown}"
