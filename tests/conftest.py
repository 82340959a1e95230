"""What every test may ask for: a clock that stands, a master key, and a store on each database."""

import asyncio
import gc
import ipaddress
import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests.faults.postgres import PostgresServer

from watchword.clock import SettableClock
from watchword.store.engine import Store, open_store
from watchword.store.repositories.installation import initialise
from watchword.store.schema import migrate
from watchword.store.sealing import MasterKey

NOW = 1_790_000_000  # 21 September 2026
ISSUER = "http://localhost:8400"
MASTER_KEY = MasterKey(bytes(range(32)))
MEMORY = Path("/dev/shm")
ROOM_FOR_POSTGRES = 2 * 1024**3  # bytes: several workers each fill a few hundred megabytes, log included


# The same examples at every run, and no verdict from how busy the machine is: a test that fails has found something.
settings.register_profile(
    "deterministic", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# The inner loop's: the first of the same examples.
settings.register_profile("fast", settings.get_profile("deterministic"), max_examples=15)
settings.load_profile("deterministic")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare the garbage collector the tests themselves: half a million objects that live as long as the run."""
    gc.disable()
    yield
    gc.collect()
    gc.freeze()
    gc.enable()


class NetworkForbiddenError(RuntimeError):
    """A test tried to leave the machine."""


def _only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: no socket of a test reaches further than this machine, and no name is looked up outside."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise NetworkForbiddenError(f"tests may reach this machine only, not {address[0]}")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_loopback(name) and not _is_address(name):
            raise NetworkForbiddenError(f"tests may look up localhost only, not {name}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


sys.addaudithook(_only_loopback)

# A shell ignores SIGINT in what it starts in the background, and programs inherit that: no test could stop one by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture(scope="session")
def master_key() -> MasterKey:
    """The key under which the installation of ``store`` is sealed."""
    return MASTER_KEY


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server for the whole session (one for each xdist worker); it does not fsync.

    In memory where there is room: a database of its own for each test is three hundred small files.
    """
    server = PostgresServer(within=MEMORY if _has_room(MEMORY) else None)
    server.start()
    try:
        yield server
    finally:
        server.remove()


def _has_room(directory: Path) -> bool:
    """Whether ``directory`` is there and the data of a server will fit; containers often have 64 MB of it."""
    return os.access(directory, os.W_OK | os.X_OK) and shutil.disk_usage(directory).free > ROOM_FOR_POSTGRES


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    """A running server of the test's own that may be killed, frozen and started again."""
    server = PostgresServer(durable=True)
    server.start()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated, initialised database that is there to be cloned."""
    name = "watchword_template"
    postgres_server.execute(f"CREATE DATABASE {name}")
    prepare(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, initialised data file that is there to be copied."""
    path = tmp_path_factory.mktemp("store") / "template.sqlite"
    prepare(f"sqlite:///{path}")
    return path


def prepare(url: str) -> None:
    """Migrate the database at ``url`` and make it an installation."""
    migrate(url)

    async def make() -> None:
        store = open_store(url)
        try:
            await store.write(lambda connection: initialise(connection, issuer=ISSUER, master_key=MASTER_KEY, now=NOW))
        finally:
            await store.close()

    asyncio.run(make())


@pytest.fixture
def postgres_database(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The name of a fresh, migrated, initialised database on ``postgres_server``."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy")
    yield name
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def quick_directory() -> Iterator[Path]:
    """A directory in memory where there is one: what is tested is what is written, not how long a disk takes."""
    parent = MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="watchword-test-", dir=parent) as directory:
        yield Path(directory)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh, migrated, initialised database, once for each kind."""
    if request.param == "sqlite":
        path = request.getfixturevalue("quick_directory") / "store.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    yield server.url(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A fresh store, migrated and initialised, once on each database."""
    opened = open_store(store_url)
    try:
        yield opened
    finally:
        await opened.close()
