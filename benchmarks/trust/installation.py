"""An installation of real processes: a database, several `watchword serve` before it, and a balancer before those."""

import asyncio
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx2
import psutil
from sqlalchemy import Connection
from tests.faults.postgres import PostgresServer
from tests.server.certificates import make_certificate

from watchword.admin.desk import AdminDesk
from watchword.cli.local.ports import choose_port
from watchword.config import Settings, load
from watchword.store.sealing import MasterKey
from watchword.wiring import open_desk

T = TypeVar("T")
DatabaseKind = Literal["sqlite", "postgresql"]

START_LIMIT = 120.0  # seconds after which a start has failed
COMMAND = [sys.executable, "-m", "watchword.cli"]
_POSTGRES = {"shared_buffers": "256MB", "max_connections": "100", "autovacuum": "on", "max_wal_size": "4GB"}


@dataclass(slots=True)
class Server:
    """One `watchword serve`, at a port of its own."""

    config: Path
    port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Run it; it answers later."""
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--config", str(self.config)],
                stdout=sink,
                stderr=sink,
                stdin=subprocess.DEVNULL,
                env=without_settings(),
            )

    def kill(self) -> None:
        """Everything it consists of, as a machine that fails does."""
        assert self.process is not None
        family = self.family()
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=10)

    def kill_a_worker(self) -> None:
        """As the kernel's out-of-memory killer would; who looks after the workers starts another."""
        for one in self.family()[1:2]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()

    def family(self) -> list[psutil.Process]:
        """Who looks after the workers, and the workers."""
        assert self.process is not None
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the benchmark acts as an operator's command does."""

    runner: asyncio.Runner
    admin: AdminDesk

    def do(self, action: Callable[[AdminDesk], Coroutine[Any, Any, T]]) -> T:
        """What ``action`` returns, after its commit."""
        return self.runner.run(action(self.admin))

    def write(self, job: Callable[[Connection], T]) -> T:
        """One transaction."""
        return self.do(lambda admin: admin.store.write(job))

    def read(self, job: Callable[[Connection], T]) -> T:
        """What is committed."""
        return self.do(lambda admin: admin.store.read(job))


@dataclass(slots=True)
class Installation:
    """What runs, and how it is reached.

    Args:
        issuer: its name, and the balancer's address.
        authority: PEM file of the certificate that every server shows.
        servers: the processes, each reachable by itself too.
        settings: as the servers read them.
        database: which kind.
        postgres: the database's server, where it has one.
    """

    issuer: str
    authority: Path
    servers: list[Server]
    settings: Settings
    database: DatabaseKind
    directory: Path
    postgres: PostgresServer | None = None
    _tls: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self._tls = ssl.create_default_context(cafile=str(self.authority))

    @contextmanager
    def desk(self) -> Iterator["Desk"]:
        """An operator's desk in this process, open for as long as the block lasts."""
        with asyncio.Runner() as runner:
            opened = open_desk(self.settings)
            try:
                yield Desk(runner, runner.run(opened.__aenter__()))
            finally:
                runner.run(opened.__aexit__(None, None, None))

    def http(self) -> httpx2.Client:
        """A client that knows the issuer; its connections stay open, and each leads to one of the servers."""
        return httpx2.Client(base_url=self.issuer, verify=self._tls, trust_env=False, timeout=30)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        pair: tuple[str, str],
        through: httpx2.Client | None = None,
        patience: float = 0.0,
    ) -> dict[str, Any]:
        """The JSON that a form gets, {} for an empty answer; over a new connection, or one of ``through``.

        Who is told to come again (503 with ``Retry-After``) does so, for ``patience`` seconds.

        Raises:
            SystemExit: the answer is not 200.
        """
        if through is None:
            with self.http() as new:
                return self.post(path, form, pair=pair, through=new, patience=patience)
        deadline = time.monotonic() + patience
        answer = through.post(path, data=dict(form), auth=pair)
        while answer.status_code == 503 and time.monotonic() < deadline:
            time.sleep(float(answer.headers["retry-after"]))
            answer = through.post(path, data=dict(form), auth=pair)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        found: dict[str, Any] = json.loads(answer.content) if answer.content else {}
        return found

    def await_answers(self) -> None:
        """Return when every server answers."""
        for server in self.servers:
            self.await_answer(server)

    def await_answer(self, server: Server) -> None:
        """Return when ``server`` answers.

        Raises:
            SystemExit: it does not, or has ended.
        """
        request = urllib.request.Request(
            f"https://localhost:{server.port}/readyz", headers={"Host": self.issuer.removeprefix("https://")}
        )
        deadline = time.monotonic() + START_LIMIT
        while True:
            assert server.process is not None
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"`watchword serve` did not get ready:\n{server.log.read_text()[-2000:]}")
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(request, timeout=5, context=self._tls).close()
                return
            time.sleep(0.05)


@contextmanager
def installed(
    database: DatabaseKind,
    *,
    processes: int,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    url: str | None = None,
) -> Iterator[Installation]:
    """A new installation for as long as the block lasts.

    Args:
        database: ``postgresql`` is durable as the one that operators have: fsync is on.
        processes: how many `watchword serve` share it.
        settings: further ones by section.
        url: of an empty database that is there already; made here otherwise.
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchword-benchmark-")))
        postgres = stack.enter_context(_postgres()) if database == "postgresql" and url is None else None
        if url is None:
            url = f"sqlite:///{directory}/data.sqlite" if postgres is None else postgres.url()
        certificate = make_certificate(directory, "server")
        MasterKey.generate_file(directory / "master.key")
        front = choose_port(0, hosts=("127.0.0.1",))
        issuer = f"https://localhost:{front}"
        servers = []
        for number in range(processes):
            port = choose_port(0, hosts=("127.0.0.1",))
            config = directory / f"server-{number}.toml"
            sections = {name: dict(values) for name, values in (settings or {}).items()}
            sections["server"] = {
                "issuer": issuer,
                "port": port,
                "tls_certificate": str(certificate.certificate),
                "tls_key": str(certificate.key),
                **sections.get("server", {}),
            }
            sections["database"] = {"url": url}
            sections["keys"] = {"master_key_file": str(directory / "master.key"), **sections.get("keys", {})}
            config.write_text(_toml(sections))
            servers.append(Server(config, port, directory / f"server-{number}.log"))
        first = servers[0].config
        subprocess.run(
            [*COMMAND, "migrate", "--config", str(first)], check=True, capture_output=True, env=without_settings()
        )
        for server in servers:
            server.start()
            stack.callback(server.stop)
        made = Installation(
            issuer=issuer,
            authority=certificate.certificate,
            servers=servers,
            settings=load(first, {}).settings,
            database=database,
            directory=directory,
            postgres=postgres,
        )
        made.await_answers()
        stack.enter_context(_balanced(front, [server.port for server in servers]))
        yield made


def without_settings() -> dict[str, str]:
    """The environment without what would configure an installation from outside."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}


@contextmanager
def _postgres() -> Iterator[PostgresServer]:
    server = PostgresServer(durable=True, settings=_POSTGRES)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextmanager
def _balanced(front: int, ports: list[int]) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.trust.balancer", str(front), *map(str, ports)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise SystemExit("the balancer did not start")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
