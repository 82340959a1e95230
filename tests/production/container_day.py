"""The conditions of a container, without an engine: ``python -m tests.production.container_day DIRECTORY``.

Run in namespaces of its own. What `init --target kubernetes` wrote is mounted as Kubernetes would mount it; `migrate`
and `serve` run as a random user with a read-only root, `serve` as process 1 at the other end of a network cable.
PostgreSQL is at this end. Prints JSON.
"""

import asyncio
import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from tests.faults.postgres import PostgresServer
from tests.production import namespaces
from tests.production.init_command import WATCHWORD, Written, written

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE, THERE = "192.0.2.1", "192.0.2.2"
ISOLATED = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--"]
SECONDS = 60.0


def mounted(made: Written, uid: int) -> Path:
    """Configuration, secrets and data where the manifests mount them; returns /data."""
    Path("/etc/watchword").mkdir()
    shutil.copy(made.directory / "watchword.toml", "/etc/watchword")
    folder = Path("/run/secrets")
    folder.mkdir()
    for secret in (made.directory / "secrets").iterdir():
        shutil.copy(secret, folder)
        (folder / secret.name).chmod(0o440)  # `defaultMode: 0440` and `fsGroup`: root's own, readable by the group
        os.chown(folder / secret.name, 0, uid)
    data = Path("/run/data")
    data.mkdir(mode=0o700)
    os.chown(data, uid, uid)
    return data


def postgres(made: Written) -> PostgresServer:
    """A server with the role and the database that Watchword was given, and a cable to it from there."""
    server = PostgresServer()
    server.start()
    password = made.text("secrets/database-password").strip()
    server.execute(f"ALTER ROLE watchword PASSWORD '{password}'", "CREATE DATABASE watchword OWNER watchword")
    threading.Thread(target=lambda: asyncio.run(relay(server.port)), daemon=True).start()
    return server


async def relay(port: int) -> None:
    """5432 of every address of this side leads to the server, which listens on loopback alone."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back), pump(onward, writer))

    async with await asyncio.start_server(connected, "0.0.0.0", 5432) as server:
        await server.serve_forever()


@contextlib.contextmanager
def container(uid: int, data: Path, facts: Path, *words: str) -> "Iterator[subprocess.Popen[str]]":
    """``watchword`` with ``words`` in a container with a cable to here; ended in any case."""
    command = [*ISOLATED, sys.executable, "-m", "tests.production.contained", str(uid), str(data), str(facts)]
    log = (facts / "log").open("ab")
    with log, subprocess.Popen(
        [*command, WATCHWORD, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=namespaces.ROOT,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "here\n", (facts / "log").read_text()
            init = psutil.Process(process.pid).children()[0]
            cable = f"link add outside0 type veth peer name inside0 netns {init.pid}"
            for line in (cable, f"address add {HERE}/30 dev outside0", "link set outside0 up"):
                subprocess.run(["ip", *line.split()], check=True)
            process.stdin.write(f"{THERE}\n")
            process.stdin.flush()
            yield process
        finally:
            for child in psutil.Process(process.pid).children() if process.poll() is None else []:
                child.kill()
            process.wait(SECONDS)
            subprocess.run(["ip", "link", "delete", "outside0"], check=False, capture_output=True)


def ask(path: str, host: str) -> int:
    """The status of a request from this side: its peer is no loopback address."""
    connection = http.client.HTTPConnection(THERE, 8400, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    finally:
        connection.close()


def await_ready(process: "subprocess.Popen[str]", log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(OSError):
            if ask("/readyz", THERE) == 200:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def healthcheck() -> list[str]:
    """The command of the image's own healthcheck, with this environment's Python."""
    text = (namespaces.ROOT / "Containerfile").read_text()
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    assert found
    command: list[str] = json.loads(found[1])
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


def reaped(init: psutil.Process) -> bool:
    """Whether process 1 takes in an orphan that ends."""
    inside = ["nsenter", "--target", str(init.pid), "--pid", "--mount", "--"]
    subprocess.run([*inside, "sh", "-c", "(sh -c 'sleep 0.1' &) ; exit 0"], check=True, timeout=20)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        strangers = [one for one in init.children() if "sleep" in (one.name(), *_words(one))]
        if not strangers and not any(one.status() == psutil.STATUS_ZOMBIE for one in init.children(recursive=True)):
            return True
        time.sleep(0.05)
    return False


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def main(directory: Path) -> dict[str, Any]:
    namespaces.fresh_machine()
    uid = random.randrange(20_000, 60_000)
    words = ["--issuer", "auth.example.com", "--target", "kubernetes", "--trusted-proxy", HERE, "--database-host", HERE]
    made = written(directory / "made", *words)
    facts = directory / "facts"
    facts.mkdir()
    facts.chmod(0o777)
    data = mounted(made, uid)
    server = postgres(made)
    found: dict[str, Any] = {}
    try:
        with container(uid, data, facts, "migrate") as job:
            found["migrated"] = job.wait(SECONDS)
        assert found["migrated"] == 0, (facts / "log").read_text()
        with container(uid, data, facts, "serve") as process:
            await_ready(process, facts / "log")
            found |= json.loads((facts / "facts.json").read_text())
            init = psutil.Process(process.pid).children()[0]
            hosts = ("auth.example.com", "evil.example", f"{THERE}:8400", THERE)
            found["hosts"] = {host: (ask("/jwks", host), ask("/healthz", host)) for host in hosts}
            inside = ["nsenter", f"--net=/proc/{init.pid}/ns/net"]
            found["healthcheck"] = subprocess.run([*inside, *healthcheck()], check=False, timeout=30).returncode
            found["reaped"] = reaped(init)
            below = init.children(recursive=True)
            started = time.monotonic()
            init.send_signal(signal.SIGTERM)
            found["stopped"] = process.wait(30)
            found["stop seconds"] = round(time.monotonic() - started, 2)
            found["left"] = [one.pid for one in below if one.is_running()]
            found["healthcheck after"] = subprocess.run(healthcheck(), check=False, capture_output=True).returncode
        secrets = [path.read_text().strip() for path in (made.directory / "secrets").iterdir()]
        found["log tells a secret"] = any(secret in (facts / "log").read_text() for secret in secrets)
    finally:
        server.remove()
    return {**found, "expected uid": uid}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
