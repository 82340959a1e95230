"""Requests per second of an empty Starlette endpoint, bare and behind the middleware, whose cache is warm.

Two servers run side by side on one core and are asked in turn, never both at once; whoever asks runs on another core
where there is one. Both get the same requests, token included. Where a process's memory happens to lie makes it two or
three per cent faster or slower for as long as it lives, so several pairs of servers take turns.
"""

import importlib.util
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import psutil
from benchmarks.verify import load, machine, progress
from benchmarks.verify.figures import Aim, Findings, Row, Table
from benchmarks.verify.scale import Scale

KINDS = ("bare", "guarded")
LEAST = 0.90
PAIRS = 5


@dataclass(frozen=True, slots=True)
class Server:
    """One of the two."""

    process: "subprocess.Popen[str]"
    url: str
    token: str


@dataclass(slots=True)
class Seen:
    """What was seen of all servers of one kind, round by round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # microseconds per request
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def measure_all(scale: Scale) -> Findings:
    """One table."""
    findings = Findings()
    for needed in ("starlette", "uvicorn"):
        if importlib.util.find_spec(needed) is None:
            findings.skip([f"the ASGI middleware: {needed} is not installed"])
            return findings
    if load.WRK is None:
        findings.skip(["the ASGI middleware under wrk: not on the path (apt-get install wrk); our own load instead"])
    progress.say("an empty Starlette endpoint, bare and guarded")
    seconds, rounds = scale.round_seconds * 100, max(1, scale.rounds // (2 * PAIRS))
    seen = {kind: Seen() for kind in KINDS}
    for _ in range(min(PAIRS, scale.rounds)):
        _ask_a_pair(seen, seconds=seconds, rounds=rounds)
    return _told(seen, findings)


def _ask_a_pair(seen: dict[str, Seen], *, seconds: float, rounds: int) -> None:
    """One pair of servers, asked ``rounds`` times after a first one that warms them."""
    servers = {kind: _start(kind) for kind in KINDS}
    try:
        for number in range(1 + rounds):
            for kind in KINDS if number % 2 else reversed(KINDS):
                headers = {"Authorization": f"Bearer {servers[kind].token}"}
                _round(servers[kind], seen[kind] if number else Seen(), seconds=seconds, headers=headers)
    finally:
        for server in servers.values():
            _stop(server)


def _start(kind: str) -> Server:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.verify.asgi_app", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the benchmark's server did not start")
    told: dict[str, Any] = json.loads(line)
    return Server(process, f"http://127.0.0.1:{told['port']}/", told["token"])


def _stop(server: Server) -> None:
    assert server.process.stdin is not None
    server.process.stdin.close()
    try:
        server.process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


def _round(server: Server, seen: Seen, *, seconds: float, headers: dict[str, str]) -> None:
    times = psutil.Process(server.process.pid).cpu_times
    before = times()
    with machine.elsewhere():
        told = load.put_on(server.url, seconds=seconds, headers=headers)
    after = times()
    seen.rates.append(told.requests_per_second)
    seen.cpu.append((after.user + after.system - before.user - before.system) / told.requests * 1e6)
    seen.p50 += [] if told.p50 is None else [told.p50]
    seen.p99 += [] if told.p99 is None else [told.p99]


def _told(seen: dict[str, Seen], findings: Findings) -> Findings:
    bare, guarded = seen["bare"], seen["guarded"]
    rate = _ratio(bare.cpu, guarded.cpu)
    rows = tuple(
        Row(
            name,
            (
                statistics.median(one.rates),
                _ratio(one.rates, bare.rates),
                statistics.median(one.cpu),
                _ratio(one.cpu, bare.cpu),
                statistics.median(one.p50) if one.p50 else None,
                statistics.median(one.p99) if one.p99 else None,
            ),
        )
        for name, one in (("bare", bare), ("with the middleware", guarded))
    )
    asked = "wrk" if load.WRK else "our own load"
    notes = (
        f"uvicorn with uvloop and httptools, one worker; {PAIRS} pairs of servers, one after the other",
        f"{asked} over {load.CONNECTIONS} open connections, from {machine.another_core()}",
        "one token, seen before; the journal is polled meanwhile",
        "the verdict is by the server's own CPU time: what its core serves per second, whoever else is on it",
    )
    columns = ("requests/s", "÷ bare", "server CPU µs", "÷ bare", "p50 µs", "p99 µs")
    findings.tables.append(Table("an empty Starlette endpoint", columns, rows, notes))
    findings.aims.append(Aim("requests per second of a core, with the middleware ÷ without", rate, least=LEAST))
    return findings


def _ratio(these: list[float], those: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(these, those, strict=True))
