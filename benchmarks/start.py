"""From nothing to the first token: how long ``watchword up`` takes, and what it holds when idle.

Each run makes a new, empty installation: schema, master key, signing keys, seed. The clock starts before the process
is created and stops when a client that knows nothing but the ready file holds a token, and again when the demo API has
answered to it. Bytecode is compiled and the disk cache is warm, as at a second start of the machine's day; how the
first one differs is not measured.
"""

import argparse
import base64
import json
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

import watchword

START_LIMIT = 60.0  # seconds after which a start has failed
SETTLE = 2.0  # seconds of quiet before memory is read


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process holds, in MB of 10^6 bytes. ``pss`` counts shared pages once over all; absent off Linux."""

    process: str
    rss: float
    pss: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """One start, in seconds since the process was created."""

    ready: float
    first_token: float
    first_answer: float
    memory: tuple[Memory, ...]


def run(options: argparse.Namespace) -> int:
    """Measure ``options.runs`` starts and print medians, or everything as JSON."""
    _compile_bytecode()
    load = os.getloadavg()[0]
    runs = [_start() for _ in range(options.runs)]
    told = _told(runs, load)
    print(json.dumps(told, indent=2) if options.json else _table(told))
    return 0


def _compile_bytecode() -> None:
    """As installing does: without it every start compiles again, which would be what is measured."""
    places = [sysconfig.get_path("purelib"), str(Path(watchword.__file__).parent)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-j", "0", *places], env=environment, check=False)


def _start() -> Run:
    with tempfile.TemporaryDirectory(prefix="watchword-benchmark-") as directory:
        ready_file = Path(directory) / "ready.json"
        command = [sys.executable, "-m", "watchword.cli", "up", "--ephemeral", "--no-open"]
        command += ["--ready-file", str(ready_file), "--port", "0", "--demo-port", "0"]
        began = time.perf_counter()
        with (Path(directory) / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            ready = _wait_for(ready_file, process, began)
            ready_at = time.perf_counter() - began
            token = _token(ready)
            token_at = time.perf_counter() - began
            _call(ready, token)
            answer_at = time.perf_counter() - began
            time.sleep(SETTLE)
            return Run(ready_at, token_at, answer_at, _memory(process.pid))
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(ready_file: Path, process: "subprocess.Popen[bytes]", began: float) -> dict[str, str]:
    while not ready_file.exists():
        if process.poll() is not None or time.perf_counter() - began > START_LIMIT:
            raise SystemExit(f"`watchword up` did not get ready; its output is in {ready_file.parent / 'log'}")
        time.sleep(0.005)
    ready: dict[str, str] = json.loads(ready_file.read_text())
    return ready


def _token(ready: Mapping[str, str]) -> str:
    form = {"grant_type": "client_credentials", "scope": ready["scope"], "resource": ready["resource"]}
    credentials = base64.b64encode(f"{ready['client_id']}:{ready['client_secret']}".encode()).decode()
    request = urllib.request.Request(
        f"{ready['issuer']}/token",
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": f"Basic {credentials}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def _call(ready: Mapping[str, str], token: str) -> None:
    request = urllib.request.Request(f"{ready['demo_api']}/orders", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def _memory(pid: int) -> tuple[Memory, ...]:
    top = psutil.Process(pid)
    return tuple(_memory_of(process) for process in [top, *top.children(recursive=True)])


def _memory_of(process: psutil.Process) -> Memory:
    full = process.memory_full_info()
    pss = getattr(full, "pss", None)
    return Memory(_name(process.cmdline()), full.rss / 1e6, None if pss is None else pss / 1e6)


def _name(command: Sequence[str]) -> str:
    """What a process is for, told by its command line without its paths."""
    text = " ".join(command)
    for mark, name in (
        ("watchword.demo", "demo API"),
        ("resource_tracker", "resource tracker of multiprocessing"),
        ("watchword.cli up", "supervisor"),
        ("watchword", "issuer"),
        ("multiprocessing", "issuer"),
    ):
        if mark in text:
            return name
    return Path(command[0]).name if command else "unknown"


def _told(runs: Sequence[Run], load: float) -> dict[str, Any]:
    names = [memory.process for memory in runs[-1].memory]
    return {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "load_before": round(load, 1),
        },
        "runs": len(runs),
        "median_seconds": {
            name: round(statistics.median(getattr(one, name) for one in runs), 3)
            for name in ("ready", "first_token", "first_answer")
        },
        "worst_seconds": {
            name: round(max(getattr(one, name) for one in runs), 3) for name in ("ready", "first_token", "first_answer")
        },
        "idle_megabytes": {name: _median_memory(runs, name) for name in dict.fromkeys(names)},
        "every_run": [asdict(one) for one in runs],
    }


def _median_memory(runs: Sequence[Run], name: str) -> dict[str, float | None]:
    of_name = [memory for one in runs for memory in one.memory if memory.process == name]
    pss = [memory.pss for memory in of_name if memory.pss is not None]
    return {
        "rss": round(statistics.median(memory.rss for memory in of_name), 1),
        "pss": round(statistics.median(pss), 1) if pss else None,
    }


def _table(told: Mapping[str, Any]) -> str:
    machine, median, worst = told["machine"], told["median_seconds"], told["worst_seconds"]
    conditions = f"{machine['cores']} cores, load {machine['load_before']} before; bytecode compiled, disk cache warm"
    lines = [
        f"{told['runs']} starts of an empty installation",
        f"Python {machine['python']}, {machine['system']} {machine['machine']}, {conditions}",
        "",
        "seconds since the process was created    median   worst",
        f"  everything answers (ready file)        {median['ready']:6.2f}  {worst['ready']:6.2f}",
        f"  first token (aim 2)                    {median['first_token']:6.2f}  {worst['first_token']:6.2f}",
        f"  first answer of the protected API      {median['first_answer']:6.2f}  {worst['first_answer']:6.2f}",
        "",
        "idle, MB per process (aim 100)              RSS     PSS",
    ]
    for name, memory in told["idle_megabytes"].items():
        pss = "     -" if memory["pss"] is None else f"{memory['pss']:6.1f}"
        lines.append(f"  {name:<38} {memory['rss']:6.1f}  {pss}")
    return "\n".join(lines)
