"""`watchword serve --workers`: who dies is replaced, a reload loses nothing, and a bad one changes nothing."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, text
from tests.server.load import Load
from tests.server.people import People, register
from tests.server.serving import COMMAND, Installation, Serving, children_of, is_running, wait_until

from watchword.store.engine import open_store
from watchword.store.migrations.window import state_window
from watchword.store.schema import HEAD

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

Start = Callable[..., Serving]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A migrated installation on each database."""
    if request.param == "sqlite":
        made = Installation(tmp_path, f"sqlite:///{tmp_path}/data.sqlite")
        made.make()
        yield made
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"workers_{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    made = Installation(tmp_path, server.url(name))
    made.make()
    yield made
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Installation:
    """A migrated installation, for what has nothing to do with the database."""
    made = Installation(tmp_path, f"sqlite:///{tmp_path}/data.sqlite")
    made.make()
    return made


@pytest.fixture
def start() -> Iterator[Start]:
    """Begins a `serve`; it ends with the test."""
    begun: list[Serving] = []

    def begin(installation: Installation, *words: str, **more: object) -> Serving:
        begun.append(Serving(installation, *words, **more))  # type: ignore[arg-type]
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()


async def test_a_reload_under_load_loses_no_request(installation: Installation, start: Start) -> None:
    """R13: every worker is replaced, with the new configuration, and no client notices but by that."""
    serving = start(installation, "--workers", "2")
    serving.await_event("serving")
    before = set(serving.workers())
    assert len(before) == 2
    async with Load([serving.base_url], installation.client) as load:
        installation.configure("[tokens]\naccess_token_lifetime = 120")
        serving.send(signal.SIGHUP)
        while not serving.lines("reload_done"):
            await load.more(4)
            assert not load.failures, load.failures
        await load.more(40)  # until every client has ended the round it was in
        load.lifetimes.clear()
        await load.more(40)
    assert not load.failures, (load.failures, serving.log())
    assert load.lifetimes == {120}
    wait_until(lambda: len(serving.workers()) == 2, serving.log)
    assert not before & set(serving.workers())
    assert serving.end() == 0


async def test_workers_go_on_while_a_newer_version_migrates(installation: Installation, start: Start) -> None:
    """R60, G13: no request, session or refresh family is lost; a worker that dies is replaced on the newer schema."""
    serving = start(installation, "--workers", "2")
    serving.await_event("serving")
    before = set(serving.workers())
    newer = open_store(installation.url, shared=True, patient=True)
    web = register(installation)
    async with Load([serving.base_url], installation.client) as load, People([serving.base_url], web) as people:
        await load.more(20)
        await newer.write(_migrate_further)
        await load.more(40)
        await people.more(6)
        assert set(serving.workers()) == before
        victim = min(before)
    await newer.close()
    assert not load.failures + people.failures, (load.failures, people.failures, serving.log())
    os.kill(victim, signal.SIGKILL)
    serving.await_event("worker_ended")
    wait_until(lambda: len(serving.workers()) == 2 and victim not in serving.workers(), serving.log)
    wait_until(lambda: serving.get("/readyz").status_code == 200, serving.log)


def _migrate_further(connection: Connection) -> None:
    """What a newer version's migration does that only adds."""
    connection.execute(text("CREATE TABLE newer (x integer)"))
    connection.execute(text("ALTER TABLE clients ADD COLUMN newer integer"))
    connection.execute(text("CREATE INDEX ix_newer ON grants (created_at, id)"))
    connection.execute(text("UPDATE watchword_schema SET version_num = '9999'"))
    state_window(connection, revision="9999", oldest_code=HEAD)


async def test_a_bad_reload_changes_nothing_and_says_why(installation: Installation, start: Start) -> None:
    """R64, R14"""
    serving = start(installation, "--workers", "2")
    serving.await_event("serving")
    before = set(serving.workers())
    async with Load([serving.base_url], installation.client) as load:
        installation.configure('[tokens]\naccess_token_lifetime = "soon"')
        serving.send(signal.SIGHUP)
        while not serving.lines("reload_refused"):
            await load.more(4)
        await load.more(20)
    assert not load.failures, load.failures
    assert load.lifetimes == {300}
    assert set(serving.workers()) == before
    assert "tokens.access_token_lifetime must" in serving.lines("reload_refused")[0]["message"]
    installation.configure()
    serving.send(signal.SIGHUP)
    serving.await_event("reload_done")


async def test_a_worker_that_is_killed_is_replaced(on_sqlite: Installation, start: Start) -> None:
    serving = start(on_sqlite, "--workers", "2")
    serving.await_event("serving")
    victim = serving.workers()[0]
    os.kill(victim, signal.SIGKILL)
    serving.await_event("worker_ended")
    wait_until(lambda: len(serving.workers()) == 2 and victim not in serving.workers(), serving.log)
    assert serving.get("/readyz").status_code == 200


def test_a_worker_that_dies_beside_a_bad_configuration_costs_no_other(on_sqlite: Installation, start: Start) -> None:
    """R64: the log says what is wrong with the file, whoever runs goes on, and a mended file brings the worker back."""
    serving = start(on_sqlite, "--workers", "2")
    serving.await_event("serving")
    victim, other = serving.workers()
    on_sqlite.configure('[tokens]\naccess_token_lifetime = "soon"')
    os.kill(victim, signal.SIGKILL)
    serving.await_event("worker_start_failed", times=2)
    assert "tokens.access_token_lifetime must" in serving.lines("worker_start_failed")[0]["message"]
    assert is_running(other)
    assert serving.get("/readyz").status_code == 200
    on_sqlite.configure()
    wait_until(lambda: len(serving.workers()) == 2 and other in serving.workers(), serving.log)
    wait_until(lambda: serving.get("/readyz").status_code == 200, serving.log)


def test_a_machine_that_has_nothing_left_costs_no_worker_that_serves(on_sqlite: Installation, start: Start) -> None:
    """R57: neither who is to be replaced nor a reload ends the others when no descriptor is left to start one."""
    serving = start(on_sqlite, "--workers", "2")
    serving.await_event("serving")
    victim, other = serving.workers()
    limit = resource.prlimit(serving.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(serving.process.pid, resource.RLIMIT_NOFILE, (3, limit[1]))
    os.kill(victim, signal.SIGKILL)
    serving.await_event("worker_start_failed")
    serving.send(signal.SIGHUP)
    serving.await_event("reload_refused")
    assert is_running(other)
    assert serving.get("/readyz").status_code == 200
    resource.prlimit(serving.process.pid, resource.RLIMIT_NOFILE, limit)
    wait_until(lambda: len(serving.workers()) == 2 and victim not in serving.workers(), serving.log)
    assert other in serving.workers()


def test_the_configuration_says_how_many_and_a_reload_changes_it(on_sqlite: Installation, start: Start) -> None:
    on_sqlite.configure(server="workers = 1")
    serving = start(on_sqlite)
    serving.await_event("serving")
    assert len(serving.workers()) == 1
    for number in (3, 1):
        on_sqlite.configure(server=f"workers = {number}")
        done = len(serving.lines("reload_done"))
        serving.send(signal.SIGHUP)
        serving.await_event("reload_done", done + 1)
        wait_until(lambda wanted=number: len(serving.workers()) == wanted, serving.log)  # type: ignore[misc]
    assert serving.get("/readyz").status_code == 200


def test_workers_end_with_their_supervisor(on_sqlite: Installation, start: Start) -> None:
    serving = start(on_sqlite, "--workers", "2")
    serving.await_event("serving")
    workers = serving.workers()
    serving.process.kill()
    serving.process.wait()
    wait_until(lambda: not any(is_running(pid) for pid in workers), serving.log)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", serving.port)) != 0


def test_a_taken_port_and_a_bad_start_say_so(on_sqlite: Installation, start: Start) -> None:
    """R14: nothing listens meanwhile."""
    serving = start(on_sqlite)
    serving.await_event("serving")
    second = subprocess.run(
        [*COMMAND, "serve", "--config", str(on_sqlite.config)],
        env={**os.environ, "WATCHWORD_SERVER_PORT": str(serving.port)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"port {serving.port}" in second.stderr
    for words in (("--workers", "0"), ("--workers", "many")):
        assert subprocess.run([*COMMAND, "serve", *words], capture_output=True, check=False).returncode == 2


def test_a_stop_ends_everything(on_sqlite: Installation, start: Start) -> None:
    serving = start(on_sqlite, "--workers", "2")
    serving.await_event("serving")
    workers = serving.workers()
    assert serving.end() == 0
    assert not any(is_running(pid) for pid in workers)
    assert "Traceback" not in serving.log()


def test_as_the_first_process_of_a_container(on_sqlite: Installation, start: Start) -> None:
    """Process 1 has no default signal handling, and orphans of others become its children."""
    unshare = shutil.which("unshare")
    alone = ("--pid", "--fork", "--kill-child")
    if unshare is None or subprocess.run([unshare, *alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("namespaces of process ids may not be made here")
    serving = start(on_sqlite, "--workers", "2", before=(unshare, *alone))
    serving.await_event("serving")
    (first,) = children_of(serving.process.pid)
    (worker, _) = children_of(first)
    # A process whose parent ends becomes a child of process 1.
    inside = ["nsenter", "--target", str(first), "--pid", "sh", "-c", "(sleep 0.2 & echo $!) >/dev/null"]
    subprocess.run(inside, check=True)
    os.kill(worker, signal.SIGKILL)
    serving.await_event("worker_ended")
    wait_until(lambda: len(children_of(first)) == 2 and _no_zombies(first), serving.log)
    os.kill(first, signal.SIGTERM)
    assert serving.process.wait(60) == 0


def _no_zombies(pid: int) -> bool:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return all(is_running(int(one)) for one in found)
