"""How long trust that was withdrawn is still given: from the acknowledgement to the refusal by connected verifiers.

Real issuer processes before a real database full of live grants, and real verifiers in several processes, each with a
mirror and an event stream of its own. A round makes a new person, lets every verifier take their token, withdraws, and
waits until every verifier has refused it. The clock starts when the withdrawal was answered with 200, or, for what an
operator does, when the transaction was committed in a process that serves nobody: no issuer process hears of it but
from the database.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
from benchmarks.trust import bulk, records, telling
from benchmarks.trust.children import Child, ask_all
from benchmarks.trust.installation import DatabaseKind, Desk, Installation, installed
from benchmarks.trust.records import AUDIENCE, Machine
from benchmarks.trust.telling import percentile
from benchmarks.trust.withdrawals import WITHDRAWALS, part
from benchmarks.verify import issuer_here, ours
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.issuer_here import IssuerHere
from benchmarks.verify.material import WITHDRAWABLE, make
from benchmarks.verify.progress import say
from benchmarks.verify.rounds import Local, measure

P99, LONGEST = 1.0, 2.0  # seconds
P99_OF_MANY = 2.0
SIGNER_WAIT = 60.0  # seconds within which a compromised key's successor signs everywhere
PATIENCE = 10.0  # seconds in which a process has another key when the one it signed with was withdrawn
_SETTINGS = {"revocation": {"streams_per_credential": 5000, "streams_per_address": 5000}, "keys": {"refresh": 1}}
_COLUMNS = ("p50 ms", "p99 ms", "max ms", "samples")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    grants: int
    processes: int
    verifiers: int
    verifier_processes: int
    subscribers: int
    subscriber_processes: int
    rounds: int
    cached_rounds: int


FULL = {
    "postgresql": Size(1_000_000, 4, 50, 5, 1000, 4, 20, 101),
    "sqlite": Size(100_000, 2, 50, 5, 1000, 4, 20, 101),
}
QUICK = {
    "postgresql": Size(400, 2, 4, 2, 12, 2, 1, 3),
    "sqlite": Size(400, 2, 4, 2, 12, 2, 1, 3),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``python -m benchmarks revoke`` may be told."""
    parser.add_argument("--quick", action="store_true", help="a small run that shows that it works, and nothing more")
    parser.add_argument(
        "--database", choices=("postgresql", "sqlite"), action="append", help="one of them alone (default both)"
    )
    parser.add_argument("--grants", type=int, help="live grants (default 1,000,000 in PostgreSQL, 100,000 in SQLite)")
    parser.add_argument("--rounds", type=int, help="withdrawals of each kind (default 20)")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    told = telling.Run(
        "revoke",
        "from the 200 or the commit to the refusal at every verifier; moments by the clock that all processes share",
    )
    for database in options.database or ("postgresql", "sqlite"):
        size = (QUICK if options.quick else FULL)[database]
        told.findings.add(
            _on(database, size, grants=options.grants or size.grants, rounds=options.rounds or size.rounds)
        )
    size = (QUICK if options.quick else FULL)["postgresql"]
    told.findings.add(_on_the_request_path(size.cached_rounds))
    told.print(as_json=options.json)
    return 0


def _on(database: DatabaseKind, size: Size, *, grants: int, rounds: int) -> Findings:
    findings = Findings()
    say(f"revoke: {database}, {size.processes} issuer processes")
    with (
        installed(database, processes=size.processes, settings=_SETTINGS) as installation,
        installation.desk() as desk,
    ):
        api = records.make_api(desk)
        clients = [records.make_machine(desk, f"Client {number}") for number in range(bulk.GRANTS_EACH)]
        bulk.make_live_grants(installation, clients, grants)
        with _watching(installation, api, size, _token(installation, clients[0])) as watchers:
            findings.add(_kinds(installation, desk, watchers, size, api, grants=grants, rounds=rounds))
        findings.add(_many(installation, desk, api, size, rounds=rounds))
    return findings


def _token(installation: Installation, client: Machine) -> str:
    """A client's token for itself."""
    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": AUDIENCE}
    return str(installation.post("/token", form, pair=client.pair, patience=PATIENCE)["access_token"])


@contextmanager
def _watching(installation: Installation, api: Machine, size: Size, token: str) -> Iterator[list[Child]]:
    with ExitStack() as stack:
        begin = {
            "authority": str(installation.authority),
            "issuer": installation.issuer,
            "audience": AUDIENCE,
            "credentials": api.pair,
            "verifiers": size.verifiers // size.verifier_processes,
        }
        watchers = []
        for _ in range(size.verifier_processes):
            watcher = Child("benchmarks.trust.watchers", begin, environment={})
            stack.callback(watcher.close)
            watchers.append(watcher)
        for watcher in watchers:
            watcher.receive()
        pushed = sum(ask_all(watchers, {"ask": "connect", "token": token}))
        if pushed != size.verifiers:
            raise SystemExit(f"of {size.verifiers} verifiers only {pushed} are pushed to")
        yield watchers


def _kinds(
    installation: Installation,
    desk: Desk,
    watchers: Sequence[Child],
    size: Size,
    api: Machine,
    *,
    grants: int,
    rounds: int,
) -> Findings:
    rows, waits, asked = [], [], []
    worst: dict[str, list[float]] = {}
    for kind, withdraw in WITHDRAWALS.items():
        say(f"{kind}: {rounds} rounds")
        seconds: list[float] = []
        for number in range(rounds):
            client = records.make_machine(desk, f"Victim {kind} {number}")
            person = records.make_people(desk, client, 1)[0]
            token = _redeem(installation, person)
            taken = [code for codes in ask_all(watchers, {"ask": "take", "token": token}) for code in codes]
            if any(taken):
                raise SystemExit(f"a verifier refuses a good token: {sorted(set(filter(None, taken)))}")
            for watcher in watchers:
                watcher.send({"ask": "watch", "token": token})
            acknowledged = withdraw(installation, desk, person, token)
            waits.append(max(part(token)["exp"] - time.time(), 0.0))
            asked.append(_introspect(installation, api, token))
            moments = [moment for watcher in watchers for moment in watcher.receive()]
            if None in moments:
                raise SystemExit(f"{kind}: a verifier did not refuse at all")
            seconds += [max(moment - acknowledged, 0.0) for moment in moments]
            if kind == "key":
                _await_another_signer(installation, client, part(token, 0)["kid"])
        worst[kind] = seconds
        rows.append(Row(kind, _spread(seconds)))
    rows.append(Row("peer: asking the issuer at each request", _spread(asked)))
    rows.append(Row("peer: waiting for the expiry", _spread(waits)))
    title = f"{installation.database}, {size.processes} processes, {grants:,} live grants, {size.verifiers} verifiers"
    note = (
        "introspection refuses at once, and costs each request what its row says; waiting is what was left of 5 minutes"
    )
    aims = []
    for kind, seconds in worst.items():
        named = f"{kind}, {installation.database}"
        aims.append(Aim(f"p99 to refusal: {named}", percentile(seconds, 0.99), "s", most=P99))
        aims.append(Aim(f"max to refusal: {named}", max(seconds), "s", most=LONGEST))
    return Findings([Table(title, _COLUMNS, tuple(rows), (note,))], aims)


def _spread(seconds: Sequence[float]) -> tuple[float, ...]:
    return (*(1000 * percentile(seconds, share) for share in (0.5, 0.99, 1.0)), float(len(seconds)))


def _redeem(installation: Installation, person: records.Person) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": person.refresh_token}
    return str(installation.post("/token", form, pair=person.client.pair, patience=PATIENCE)["access_token"])


def _introspect(installation: Installation, api: Machine, token: str) -> float:
    """Seconds that the issuer takes to say what it must say of ``token``, over a connection that is open already."""
    with installation.http() as client:
        client.get("/healthz")
        began = time.monotonic()
        answer = installation.post("/introspect", {"token": token}, pair=api.pair, through=client)
        if answer != {"active": False}:
            raise SystemExit("introspection takes a withdrawn token for good")
        return time.monotonic() - began


def _await_another_signer(installation: Installation, client: Machine, kid: str) -> None:
    """Until every issuer process signs with the successor."""
    deadline, in_a_row = time.monotonic() + SIGNER_WAIT, 0
    while in_a_row < 2 * len(installation.servers):
        if time.monotonic() > deadline:
            raise SystemExit("a compromised key goes on signing")
        in_a_row = in_a_row + 1 if part(_token(installation, client), 0)["kid"] != kid else 0


def _many(installation: Installation, desk: Desk, api: Machine, size: Size, *, rounds: int) -> Findings:
    """The same for raw readers of the streams, many of them; and what each costs the issuer."""
    say(f"{size.subscribers} subscribers")
    before = _resident(installation)
    begin = {
        "authority": str(installation.authority),
        "issuer": installation.issuer,
        "identifier": api.client_id,
        "secret": api.secret,
        "ports": [server.port for server in installation.servers],
        "feed_jwks": _get(installation, "/revocation/jwks").json(),
    }
    seconds: list[float] = []
    with ExitStack() as stack:
        children = []
        for _ in range(size.subscriber_processes):
            child = Child("benchmarks.trust.subscribers", begin, environment={})
            stack.callback(child.close)
            children.append(child)
        for child in children:
            child.receive()
        readers = size.subscribers // size.subscriber_processes
        opened = sum(ask_all(children, {"ask": "connect", "readers": readers, "place": _place(installation)}))
        if opened != size.subscribers:
            raise SystemExit(f"of {size.subscribers} subscribers only {opened} were let in")
        each = (_resident(installation) - before) / size.subscribers
        client = records.make_machine(desk, "Victim of many")
        withdraw = WITHDRAWALS["token"]
        for person in records.make_people(desk, client, rounds):
            token = _redeem(installation, person)
            acknowledged = withdraw(installation, desk, person, token)
            seq = int(_place(installation).rpartition(":")[2])
            answers = ask_all(children, {"ask": "await", "seq": seq, "readers": readers})
            moments = [moment for answer in answers for moment in answer["moments"]]
            if len(moments) != size.subscribers:
                raise SystemExit(f"only {len(moments)} of {size.subscribers} subscribers learnt of a withdrawal")
            seconds += [max(moment - acknowledged, 0.0) for moment in moments]
    row = Row("token, to each subscriber", (*_spread(seconds), each / 1000))
    title = f"{installation.database}, {size.processes} processes, {size.subscribers} subscribers"
    note = (
        "raw readers that check each message's signature, connected to the issuer processes; kB of their resident set"
    )
    named = f"{size.subscribers} subscribers, {installation.database}"
    aims = [
        Aim(f"p99 to {named}", percentile(seconds, 0.99), "s", most=P99_OF_MANY),
        Aim(f"memory per subscriber at the issuer, {installation.database}", each / 1000, "kB"),
    ]
    return Findings([Table(title, (*_COLUMNS, "kB each"), (row,), (note,))], aims)


def _place(installation: Installation) -> str:
    """Where the journal ends, as a reader would say it."""
    claims = part(_get(installation, "/revocation/snapshot").text)
    return f"{claims['journal_id']}:{claims['seq']}"


def _get(installation: Installation, path: str) -> httpx2.Response:
    with installation.http() as client:
        return client.get(path)


def _resident(installation: Installation) -> int:
    return sum(one.memory_info().rss for server in installation.servers for one in server.family())


def _on_the_request_path(rounds: int) -> Findings:
    """What the journal costs a token that was seen before: the same verifier with it and without, in turn."""
    say("cached verify, journal on and off")
    material = make("ES256", also=WITHDRAWABLE)
    issuer = IssuerHere(material)
    on, off = "journal on", "journal off"
    with issuer.answering():
        with_journal, without = issuer_here.verifier(revocation="poll"), issuer_here.verifier(revocation="off")
        for verifier in (with_journal, without):
            verifier.verify(material.token)
        if not issuer.is_obeyed(with_journal):
            raise SystemExit("the journal is not obeyed")
        contenders = [
            Local(on, ours.over(with_journal.verify, material.token)),
            Local(off, ours.over(without.verify, material.token)),
        ]
        figures = measure(contenders, rounds=rounds, round_seconds=0.01)
    rows = tuple(Row(name, (figures.median(name), figures.ratio(name, off))) for name in (on, off))
    table = Table("cached verify, ES256", ("µs", "÷ off"), rows, (figures.remark,))
    return Findings([table], [Aim("cached verify with the journal", figures.median(on), "µs", most=1.0)])
