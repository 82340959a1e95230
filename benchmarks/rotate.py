"""Whether anybody is refused while signing keys rotate, and how soon a stolen key is worth nothing.

Two issuer processes rotate as often as the product permits: a successor is published for a minute and a second before
it signs, whatever the JWKS may be kept for (here twenty seconds), so that a key signs for a little more than that.
Tokens are issued ten times a second by one process and the other, and verified at once and again until they end, by us
and by libraries that know nothing of us, each with its own way to the keys. At last the active key is declared stolen.
"""

import argparse
import itertools
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.trust import records, telling
from benchmarks.trust.children import Child
from benchmarks.trust.consumers import LIBRARIES
from benchmarks.trust.installation import DatabaseKind, Desk, Installation, installed
from benchmarks.trust.records import AUDIENCE, Machine
from benchmarks.trust.withdrawals import WITHDRAWALS, part
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.node import HOME
from benchmarks.verify.progress import say

RATE = 130.0  # verifications a second of each library
LEAST_RATE = 500.0  # of all together, where all are installed
REFUSED = 1.0  # seconds after which no connected verifier takes a stolen key's token
BETWEEN = 0.1  # seconds between two tokens
SETTINGS = {"keys": {"jwks_max_age": 20, "refresh": 1, "lifetime": 60}}
ON_NODE = ("jose", "fast-jwt")
SCRIPT = HOME.parents[2] / "benchmarks" / "rotate_node.mjs"


@dataclass(frozen=True, slots=True)
class Size:
    """``seconds`` of rotation, or until there were so many; then so long until others notice a stolen key."""

    seconds: float
    rotations: int
    notice: float


FULL = Size(600.0, 0, 60.0)
QUICK = Size(300.0, 1, 10.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``python -m benchmarks rotate`` may be told."""
    parser.add_argument("--quick", action="store_true", help="one rotation, to show that it works")
    parser.add_argument("--seconds", type=float, help=f"how long keys rotate (default {FULL.seconds:.0f})")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql", help="default postgresql")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    size = QUICK if options.quick else FULL
    told = telling.Run(
        "rotate",
        "two issuer processes; a JWKS that may be kept for 20 s; a successor published for 61 s before it signs",
        "PyJWT and jose with their own JWKS caches at their defaults; joserfc by urllib and fast-jwt by Node's fetch, "
        "again when the answer's max-age has passed",
    )
    told.findings.add(_on(options.database, size, options.seconds or size.seconds))
    told.print(as_json=options.json)
    return 0


def _on(database: DatabaseKind, size: Size, seconds: float) -> Findings:
    findings = Findings()
    with (
        installed(database, processes=2, settings=SETTINGS) as installation,
        installation.desk() as desk,
    ):
        api = records.make_api(desk)
        client = records.make_machine(desk)
        with _consuming(installation, api, findings) as consumers:
            began = time.monotonic()
            kids = _rotate(installation, client, list(consumers.values()), size, seconds)
            elapsed = time.monotonic() - began
            told = {name: consumer.ask({"ask": "told"}) for name, consumer in consumers.items()}
            say("the active key is stolen")
            refused = _steal(installation, desk, client, consumers, size)
    _tell(findings, told, refused, kids=kids, elapsed=elapsed, notice=size.notice)
    return findings


@contextmanager
def _consuming(installation: Installation, api: Machine, findings: Findings) -> Iterator[dict[str, Child]]:
    begin = {
        "authority": str(installation.authority),
        "issuer": installation.issuer,
        "jwks_uri": f"{installation.issuer}/jwks",
        "audience": AUDIENCE,
        "credentials": api.pair,
        "rate": RATE,
    }
    node = shutil.which("node")
    trusting = {"NODE_EXTRA_CA_CERTS": str(installation.authority)}
    with ExitStack() as stack:
        consumers = {
            name: Child("benchmarks.trust.consumers", {**begin, "library": name}, environment={}) for name in LIBRARIES
        }
        for name in ON_NODE:
            if node is None or not (HOME / "node_modules" / name).exists():
                findings.skip([f"{name}: not installed (npm ci --prefix tests/interop/node)"])
                continue
            command = [node, str(SCRIPT), str(HOME)]
            consumers[name] = Child(command, {**begin, "library": name}, environment=trusting)
        for consumer in consumers.values():
            stack.callback(consumer.close)
        for consumer in consumers.values():
            consumer.receive()
        yield consumers


def _rotate(
    installation: Installation, client: Machine, consumers: Sequence[Child], size: Size, seconds: float
) -> list[str]:
    """Issue until the time is up or there were enough rotations; the keys that signed, in their order."""
    kids: list[str] = []
    with ExitStack() as stack:
        # A connection to each of the processes, which the balancer deals out in turn.
        ways = [stack.enter_context(installation.http()) for _ in installation.servers]
        turn = itertools.cycle(ways)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            token = _token(installation, client, next(turn))
            kid = part(token, 0)["kid"]
            if kid not in kids:
                kids.append(kid)
                say(f"key {len(kids)} signs, {until - time.monotonic():.0f} s left")
                until_enough = len(kids) > size.rotations > 0
                until = min(until, time.monotonic() + 3.0) if until_enough else until
            for consumer in consumers:
                consumer.send({"ask": "token", "token": token})
            time.sleep(BETWEEN)
    return kids


def _token(installation: Installation, client: Machine, way: Any = None) -> str:
    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": AUDIENCE}
    return str(installation.post("/token", form, pair=client.pair, through=way)["access_token"])


def _steal(
    installation: Installation, desk: Desk, client: Machine, consumers: dict[str, Child], size: Size
) -> dict[str, float | None]:
    """Seconds from the commit to each library's refusal; None: not within the time."""
    person = records.make_people(desk, client, 1)[0]
    token = _token(installation, client)
    for consumer in consumers.values():
        consumer.send({"ask": "watch", "token": token, "seconds": size.notice})
    time.sleep(BETWEEN)
    acknowledged = WITHDRAWALS["key"](installation, desk, person, token)
    found: dict[str, float | None] = {}
    for name, consumer in consumers.items():
        moment = consumer.receive()
        found[name] = None if moment is None else moment - acknowledged
        if moment is not None and moment < acknowledged - 1.0:
            raise SystemExit(f"{name} refused a good token: {consumer.ask({'ask': 'told'})['failures'][-1:]}")
    return found


def _tell(
    findings: Findings,
    told: dict[str, Any],
    refused: dict[str, float | None],
    *,
    kids: Sequence[str],
    elapsed: float,
    notice: float,
) -> None:
    rows = tuple(
        Row(name, (one["verified"], one["verified"] / elapsed, len(one["failures"]), refused[name]))
        for name, one in told.items()
    )
    rotations = len(kids) - 1
    columns = ("verified", "a second", "refused", "stolen key, s")
    failures = tuple(f"{name}: {one['failures'][0]}" for name, one in told.items() if one["failures"])
    note = (
        f"{rotations} rotations in {elapsed:.0f} s; stolen key: from the commit to the refusal, - not in {notice:.0f} s"
    )
    findings.tables.append(Table("while keys rotate", columns, rows, (note, *failures)))
    everybody = sum(one["verified"] for one in told.values()) / elapsed
    findings.aims += [
        *(Aim(f"good tokens refused by {name}", len(one["failures"]), most=0) for name, one in told.items()),
        Aim("verifications a second, all together", everybody, least=None if findings.skipped else LEAST_RATE),
        Aim("rotations", rotations),
    ]
    ours = refused["watchword"]
    findings.aims.append(
        Aim("stolen key refused by us", float("inf") if ours is None else max(ours, 0.0), "s", most=REFUSED)
    )
