"""How long the issuer takes for each page of its console, once somebody is signed in.

A real `watchword up`, whose first administrator has looked at the first screen, made a project of every kind, and has
one thing of each to look at. Told is the server's time: from the moment the application has a request until the last
byte of its answer is handed over, as its access log says; network and client are not in it. Pages take turns, one
request at a time, so that what slows the machine for a while slows all of them.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, TextIO

import httpx2

from watchword.console import paths
from watchword.console.projects import PROJECTS

ROUNDS_PER_RUN = 10
WARM_ROUNDS = 3
BOUND_MILLISECONDS = 50.0
START_LIMIT = 60.0  # seconds after which a start has failed
EMAIL, PASSWORD = "ada@example.com", "lanterns over the water"
HEALTH = "/healthz"
# What a page links to, by which the one thing to look at is found.
DETAILS = {"API": paths.APIS, "client": paths.CLIENTS, "user": paths.USERS, "mail": paths.MAIL}


@dataclass
class Page:
    """One page, and the milliseconds of server time that each request took."""

    name: str
    path: str
    status: int = 200
    milliseconds: list[float] = field(default_factory=list)

    def told(self, reference: float) -> dict[str, Any]:
        median, p95 = statistics.median(self.milliseconds), statistics.quantiles(self.milliseconds, n=20)[-1]
        return {
            "page": self.name,
            "median_ms": round(median, 1),
            "p95_ms": round(p95, 1),
            "times_healthz": round(median / reference, 1),
            "verdict": "met" if p95 <= BOUND_MILLISECONDS else "missed",
        }


def run(options: argparse.Namespace) -> int:
    """Ask for every page ``options.runs`` x 10 times and print medians, or all as JSON."""
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="watchword-benchmark-") as directory,
        _up(Path(directory)) as ready,
        httpx2.Client(base_url=ready["issuer"], timeout=30, follow_redirects=True) as person,
        (Path(directory) / "data" / "issuer.log").open(encoding="utf-8") as log,
    ):
        pages = _prepare(person, ready["setup"])
        for number in range(WARM_ROUNDS + options.runs * ROUNDS_PER_RUN):
            for page in pages:
                _ask(person, page, log, keep=number >= WARM_ROUNDS)
    reference = statistics.median(next(page for page in pages if page.path == HEALTH).milliseconds)
    told = {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "load_before": round(load, 1),
            "load_after": round(os.getloadavg()[0], 1),
        },
        "requests_each": options.runs * ROUNDS_PER_RUN,
        "bound_ms": BOUND_MILLISECONDS,
        "pages": [page.told(reference) for page in pages],
    }
    print(json.dumps(told, indent=2) if options.json else _table(told))
    return 0


@contextmanager
def _up(directory: Path) -> Iterator[dict[str, str]]:
    """`watchword up` for as long as the block lasts; its ready file."""
    ready_file = directory / "ready.json"
    command = [sys.executable, "-m", "watchword.cli", "up", "--no-open", "--data-dir", str(directory / "data")]
    command += ["--ready-file", str(ready_file), "--port", "0", "--demo-port", "0"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_LIMIT
        while not ready_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"`watchword up` did not get ready:\n{(directory / 'log').read_text()}")
            time.sleep(0.02)
        yield json.loads(ready_file.read_text())
    finally:
        process.terminate()
        process.wait(timeout=20)


def _prepare(person: httpx2.Client, setup: str) -> list[Page]:
    """Become the administrator, have something to look at on every page, and say which pages there are."""
    _submit(person, person.get(setup), {"email": EMAIL, "name": "Ada Lovelace", "password": PASSWORD})
    _at(person.get(paths.START), paths.START)
    invited = {"email": "grace@example.com", "username": "", "name": "Grace Hopper", "roles": "", "invite": "yes"}
    invited["password"] = "harbour lights at noon"
    _submit(person, person.get(f"{paths.USERS}?new=1"), invited)
    pages = [
        Page("/healthz (the reference)", HEALTH),
        Page("/login", "/login"),
        Page("/setup, used up", setup, status=410),
        *(Page(path, path) for path in (paths.CONSOLE, paths.START, paths.PLAYGROUND)),
    ]
    for kind in PROJECTS:
        address = f"{paths.PLAYGROUND}/{kind.name}"
        _submit(person, person.get(address), {})
        _run_through(person, f"{address}/run")
        pages += [Page(one, one) for one in (address, f"{address}/run", f"{address}/attack")]
    rest = (paths.INSPECT, paths.APIS, paths.CLIENTS, paths.USERS, paths.KEYS, paths.AUDIT, paths.MAIL, paths.SETTINGS)
    for path in rest:
        pages.append(Page(path, path))
        if path in DETAILS.values():
            pages.append(Page(f"{path}/{{id}}", _first_link(person.get(path), path)))
    return pages


def _run_through(person: httpx2.Client, address: str) -> None:
    """Press the button of a live run until there is no next step; then its attacks can be looked at."""
    for _ in range(12):
        if person.get(address.replace("/run", "/attack")).url.path.endswith("/attack"):
            return
        page = _submit(person, person.get(address), {})
        if page.url.path == "/consent":
            _submit(person, page, {})
    raise SystemExit(f"{address} does not come to its end")


def _submit(person: httpx2.Client, page: httpx2.Response, typed: dict[str, str]) -> httpx2.Response:
    """Fill in the page's own form and send it, as the page's browser would."""
    _at(page, page.url.path)
    forms = re.findall(r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    action, inner = next(((a, i) for a, i in forms if "sign-out" not in a), ("", ""))
    if not action:
        raise SystemExit(f"{page.url.path} has no form")
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', inner))
    buttons = re.findall(r'<button[^>]* name="([^"]*)" value="([^"]*)"', inner)
    fields = {name: unescape(value) for name, value in {**hidden, **dict(buttons[:1])}.items()} | typed
    origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    return _at(person.post(page.url.join(unescape(action)), data=fields, headers=headers), "")


def _at(page: httpx2.Response, path: str) -> httpx2.Response:
    if page.status_code != 200 or (path and page.url.path != path):
        raise SystemExit(f"{page.request.method} {page.url.path} answered {page.status_code}")
    return page


def _first_link(page: httpx2.Response, path: str) -> str:
    """The first thing that a list links to."""
    found = re.search(rf'href="({re.escape(path)}/[^"?#]+)"', page.text)
    if found is None:
        raise SystemExit(f"{path} lists nothing")
    return unescape(found[1])


def _duration(log: TextIO, correlation_id: str) -> float:
    """The milliseconds of the request that was answered with that id; its line is written after the answer."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        at = log.tell()
        line = log.readline()
        if line and not line.endswith("\n"):  # still being written
            log.seek(at)
            line = ""
        if f'"{correlation_id}"' in line and "duration_ms" in line:
            return float(json.loads(line)["duration_ms"])
        if not line:
            time.sleep(0.001)
    raise SystemExit("the access log has no line for a request")


def _ask(person: httpx2.Client, page: Page, log: TextIO, *, keep: bool) -> None:
    answer = person.get(page.path, follow_redirects=False)
    if answer.status_code != page.status:
        raise SystemExit(f"{page.name} answered {answer.status_code}")
    milliseconds = _duration(log, answer.headers["x-correlation-id"])
    if keep:
        page.milliseconds.append(milliseconds)


def _table(told: dict[str, Any]) -> str:
    machine = told["machine"]
    load = f"load {machine['load_before']} before and {machine['load_after']} after"
    lines = [
        f"server time of the console's pages, {told['requests_each']} requests each, one at a time",
        f"Python {machine['python']}, {machine['system']} {machine['machine']}, {machine['cores']} cores, {load}",
        "",
        f"{'ms':<46} {'median':>7} {'p95':>7} {'x healthz':>10}  p95 within {told['bound_ms']:.0f} ms",
    ]
    for one in told["pages"]:
        figures = f"{one['median_ms']:7.1f} {one['p95_ms']:7.1f} {one['times_healthz']:10.1f}"
        lines.append(f"{one['page']:<46} {figures}  {one['verdict']}")
    return "\n".join(lines)
