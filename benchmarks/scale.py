"""How many tokens a second the issuer hands out, and what becomes of them when one of its processes is killed.

Refresh is the expensive one: a rotation that is on the disk before it is answered. A client's token for itself writes
nothing. The load comes from a process of its own, whose CPU time is told beside the issuer's and the database's:
"per core" is what a core of the issuer does that does nothing else, by its CPU time, whatever else the machine does.
"""

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

import psutil
from benchmarks.trust import bulk, records, telling
from benchmarks.trust.children import Child
from benchmarks.trust.installation import DatabaseKind, Desk, Installation, Server, installed
from benchmarks.trust.records import AUDIENCE, Machine
from benchmarks.trust.telling import percentile
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.progress import say
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection
from tests.faults.history import History, Operation, no_lost_write, single_successor

from watchword.oauth.bearer import digest
from watchword.store.repositories import refresh_tokens

LEAST_PER_CORE, LEAST_SQLITE = 500, 1000  # refreshes a second
WARM = 2.0  # seconds before anything counts
SIGNING_SECONDS = 0.3
_COLUMNS = ("a second", "per core", "p50 ms", "p99 ms", "max ms", "issuer µs", "database µs", "client µs")


@dataclass(frozen=True, slots=True)
class Size:
    """How long, and how much at once."""

    seconds: float
    warm: float
    connections: int
    processes: tuple[int, ...]
    killed_seconds: float
    kills: int
    grants: int  # that are there already: in an empty table every row is a neighbour of every other


FULL = Size(20.0, WARM, 32, (1, 2, 4), 60.0, 5, 100_000)
QUICK = Size(1.0, 0.2, 4, (1, 2), 4.0, 1, 0)


@dataclass(frozen=True, slots=True)
class Went:
    """How a load went: answers, and CPU seconds of everybody."""

    name: str
    answers: int
    seconds: float
    latencies: Sequence[float]
    refusals: Sequence[str]
    broken: int
    issuer: float
    database: float
    client: float

    @property
    def per_second(self) -> float:
        """By the clock on the wall."""
        return self.answers / self.seconds

    @property
    def per_core(self) -> float:
        """By the issuer's CPU time."""
        return self.answers / self.issuer if self.issuer else 0.0

    @property
    def row(self) -> Row:
        """As the table has it."""
        spread = (1000 * percentile(self.latencies, share) for share in (0.5, 0.99, 1.0))
        each = (1e6 * seconds / max(self.answers, 1) for seconds in (self.issuer, self.database, self.client))
        return Row(self.name, (self.per_second, self.per_core, *spread, *each))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``python -m benchmarks scale`` may be told."""
    parser.add_argument("--quick", action="store_true", help="a small run that shows that it works, and nothing more")
    parser.add_argument("--seconds", type=float, help=f"for each load (default {FULL.seconds:.0f})")
    parser.add_argument(
        "--database", choices=("postgresql", "sqlite"), action="append", help="one of them alone (default both)"
    )


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    size = QUICK if options.quick else FULL
    seconds = options.seconds or size.seconds
    told = telling.Run(
        "scale",
        "TLS and keep-alive connections straight to the issuer processes; everybody shares the machine's cores",
        "issuer, database and client µs are CPU time per answer; fsync is on, SQLite is synchronous=FULL",
    )
    for database in options.database or ("postgresql", "sqlite"):
        told.findings.add(_on(database, size, seconds))
    told.print(as_json=options.json)
    return 0


def _on(database: DatabaseKind, size: Size, seconds: float) -> Findings:
    findings, rows, rates, refreshed = Findings(), [], {}, []
    speeds: list[float] = []
    for processes in size.processes:
        with installed(database, processes=processes) as installation, installation.desk() as desk:
            records.make_api(desk)
            client = records.make_machine(desk)
            if size.grants:
                allowed = [client, *(records.make_machine(desk, f"Client {n}") for n in range(1, bulk.GRANTS_EACH))]
                bulk.make_live_grants(installation, allowed, size.grants)
            say(f"{database}: refresh, {processes} processes")
            speeds.append(_signatures_a_second())
            went = _refresh(installation, desk, client, size, seconds)
            rows.append(went.row)
            refreshed.append(went)
            say(f"{database}: client credentials, {processes} processes")
            went = _client_credentials(installation, client, size, seconds)
            rows.append(went.row)
            rates[processes] = went
            if processes == max(size.processes):
                say(f"{database}: {size.kills} times a process is killed")
                findings.add(_killed(installation, desk, client, size))
    speed = median(speeds)
    findings.aims.append(Aim("ES256 signatures a second of one core, in between", speed))
    issued = refreshed[0]
    findings.aims.append(
        Aim(
            f"CPU time of a refresh, {database}, 1 process, in ES256 signatures", issued.issuer / issued.answers * speed
        )
    )
    title = f"{database}, {size.grants:,} live grants, {size.connections} connections"
    findings.tables.insert(0, Table(title, _COLUMNS, tuple(rows)))
    findings.aims += _refresh_aims(database, refreshed)
    cores = psutil.cpu_count() or 1
    for processes, went in rates.items():
        # Of the rate of one process: what can be had is bounded by the cores that clients and database leave.
        name = f"client credentials, {database}: {processes} processes on {cores} cores ÷ 1"
        findings.aims.append(Aim(name, went.per_second / rates[1].per_second))
    return findings


def _refresh_aims(database: DatabaseKind, went: Sequence[Went]) -> list[Aim]:
    per_core = Aim(f"refreshes a second per core of the issuer, {database}, 1 process", went[0].per_core)
    if database == "postgresql":
        return [replace(per_core, least=LEAST_PER_CORE)]
    # One file, however many processes write to it: what counts is what they do together.
    most = max(one.per_second for one in went)
    return [Aim(f"refreshes a second, {database}", most, least=LEAST_SQLITE), per_core]


def _refresh(installation: Installation, desk: Desk, client: Machine, size: Size, seconds: float) -> Went:
    people = records.make_people(desk, client, size.connections)
    with _loading(installation, size, {"what": "refresh", "people": _told(people)}) as load:
        name = f"refresh, {len(installation.servers)} processes"
        return _measured(installation, load, name, warm=size.warm, seconds=seconds)


def _client_credentials(installation: Installation, client: Machine, size: Size, seconds: float) -> Went:
    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": AUDIENCE}
    name = f"client credentials, {len(installation.servers)} processes"
    with _loading(installation, size, {"what": "client_credentials", "pair": client.pair, "form": form}) as load:
        return _measured(installation, load, name, warm=size.warm, seconds=seconds)


def _signatures_a_second() -> float:
    """How fast a core is just now: what a figure of this machine is worth on another depends on that."""
    key = ec.generate_private_key(ec.SECP256R1())
    began, count = time.process_time(), 0
    while (spent := time.process_time() - began) < SIGNING_SECONDS:
        key.sign(b"x" * 300, ec.ECDSA(hashes.SHA256()))
        count += 1
    return count / spent


@contextmanager
def _loading(installation: Installation, size: Size, what: dict[str, Any]) -> Iterator[Child]:
    begin = {
        "authority": str(installation.authority),
        "issuer": installation.issuer,
        "ports": [server.port for server in installation.servers],
        "connections": size.connections,
        **what,
    }
    load = Child("benchmarks.trust.requests", begin, environment={})
    try:
        load.receive()
        yield load
    finally:
        load.close()


def _told(people: Sequence[records.Person]) -> list[dict[str, Any]]:
    return [{"grant_id": one.grant_id, "refresh_token": one.refresh_token, "pair": one.client.pair} for one in people]


def _measured(installation: Installation, load: Child, name: str, *, warm: float, seconds: float) -> Went:
    load.ask({"seconds": warm})
    issuer, database = _issuer_cpu(installation), _database_cpu(installation)
    told = load.ask({"seconds": seconds})
    went = Went(
        name,
        len(told["latencies"]) - told["refused"],
        told["seconds"],
        told["latencies"],
        told["refusals"],
        told["broken"],
        _issuer_cpu(installation) - issuer,
        _database_cpu(installation) - database,
        told["cpu"],
    )
    if went.refusals or went.broken:
        raise SystemExit(f"{name}: {went.broken} broken connections, refusals {list(went.refusals)[:3]}")
    return went


def _issuer_cpu(installation: Installation) -> float:
    return sum(_cpu(one) for server in installation.servers for one in server.family())


def _database_cpu(installation: Installation) -> float:
    """Of PostgreSQL; SQLite works inside the issuer."""
    if installation.postgres is None:
        return 0.0
    top = psutil.Process(installation.postgres.pid)
    return sum(_cpu(process) for process in [top, *top.children(recursive=True)])


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _killed(installation: Installation, desk: Desk, client: Machine, size: Size) -> Findings:
    """Refreshes while one process after the other is killed as the kernel kills, and started again."""
    people = records.make_people(desk, client, size.connections)
    path = installation.directory / "history"
    killer = _Killer(installation, size.kills, size.killed_seconds)
    with ExitStack() as stack:
        load = stack.enter_context(_loading(installation, size, {"what": "refresh", "people": _told(people)}))
        load.ask({"seconds": size.warm})
        killer.start()
        stack.callback(killer.join)
        told = load.ask({"seconds": size.killed_seconds, "history": str(path)})
    killer.require_done()
    history = History.read(path)
    present = _stored(desk, [operation.result or "" for operation in history.acknowledged("refresh")])
    lost = no_lost_write(history, {"refresh"}, lambda operation: _is_present(operation, present))
    forked = single_successor(history)
    latencies = told["latencies"]
    values = (
        *(1000 * percentile(latencies, share) for share in (0.5, 0.99, 1.0)),
        float(len(history.acknowledged("refresh"))),
        float(sum(operation.outcome == "maybe" for operation in history.operations)),
        float(told["refused"]),
        float(len(lost)),
        float(len(forked)),
    )
    columns = ("p50 ms", "p99 ms", "max ms", "answered", "unanswered", "refused", "lost", "forked")
    name = f"refresh, {len(installation.servers)} processes, {size.kills} killed"
    database = installation.database
    table = Table(f"{database}, while a process is killed", columns, (Row(name, values),))
    aims = [
        Aim(f"lost acknowledged writes, {database}", len(lost), most=0),
        Aim(f"refresh tokens with two successors, {database}", len(forked), most=0),
        Aim(f"refused good refresh tokens, {database}", told["refused"], most=0),
    ]
    return Findings([table], aims)


def _stored(desk: Desk, texts: Sequence[str]) -> set[str]:
    """Those of ``texts`` that the database knows."""
    found: set[str] = set()
    for first in range(0, len(texts), 500):  # a statement each, and a transaction has its time
        found |= desk.read(partial(_known, texts=texts[first : first + 500]))
    return found


def _known(connection: Connection, texts: Sequence[str]) -> set[str]:
    return {text for text in texts if refresh_tokens.find(connection, digest(text)) is not None}


def _is_present(operation: Operation, present: set[str]) -> bool:
    return operation.result in present


class _Killer(threading.Thread):
    """Kills one process after the other, and starts each again at once."""

    def __init__(self, installation: Installation, kills: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._installation, self._kills, self._pause = installation, kills, seconds / (kills + 1)
        self._done = 0

    def run(self) -> None:
        """Until it has killed as often as it should."""
        for number in range(self._kills):
            time.sleep(self._pause)
            server: Server = self._installation.servers[number % len(self._installation.servers)]
            server.kill()
            server.start()
            self._installation.await_answer(server)
            self._done += 1

    def require_done(self) -> None:
        """A run in which nothing was killed shows nothing.

        Raises:
            SystemExit: not all were killed.
        """
        if self._done != self._kills:
            raise SystemExit(f"only {self._done} of {self._kills} processes were killed")
