"""`watchword backup` and `watchword restore`: real processes, a real backup, on each database (R25, R66)."""

import json
import os
import signal
import ssl
import stat
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.cli.test_serve import API, COMMAND, command, install, serve
from tests.faults.put_back import Archive

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, int, Archive]]:
    """A migrated installation with an API, whose witness is apart from its database."""
    server: PostgresServer | None = None
    url = "sqlite:///data.sqlite"
    name = f"restore_{uuid.uuid4().hex}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        server.execute(f"CREATE DATABASE {name}")
        url = server.url(name)
    (tmp_path / "state").mkdir()
    directory, port = install(tmp_path, f'{url}"\nwitness_file = "state/witness')
    command(directory, "api", "add", API, "--scope", "orders:read=See the orders")
    yield directory, port, Archive(url if server else f"sqlite:///{directory}/data.sqlite", server)
    if server is not None:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def serving(directory: Path, port: int) -> Iterator[httpx2.Client]:
    """A server, for as long as the block lasts."""
    log = directory / "log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--config", str(directory / "watchword.toml")], stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        trusting = ssl.create_default_context(cafile=str(directory / "server.crt"))
        with httpx2.Client(verify=trusting, base_url=f"https://localhost:{port}", trust_env=False) as client:
            wait_until(lambda: answers(client, process, log))
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(client: httpx2.Client, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return client.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def new_service(directory: Path) -> tuple[str, str]:
    made = json.loads(command(directory, "client", "add", "reports", "--api", API, "orders:read", "--json"))
    return made["client_id"], made["client_secret"]


def token_of(client: httpx2.Client, pair: tuple[str, str]) -> str:
    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": API}
    answer = client.post("/token", data=form, auth=pair)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def is_active(client: httpx2.Client, pair: tuple[str, str], token: str) -> bool:
    answer = client.post("/introspect", data={"token": token}, auth=pair)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["active"])


def snapshot_journal(client: httpx2.Client) -> str:
    return client.get("/revocation/snapshot").text.split(".")[1]


def test_a_restored_database_is_refused_until_it_is_acknowledged(installed: tuple[Path, int, Archive]) -> None:
    directory, port, archive = installed
    pair = new_service(directory)
    with serving(directory, port) as client:
        token = token_of(client, pair)
        saved = archive.save()
        command(directory, "revoke", "client", pair[0])
        assert not is_active(client, pair, token)

    archive.put_back(saved)
    refused = serve(directory)
    assert refused.returncode == 1
    assert "an older copy of itself" in refused.stderr
    assert "watchword restore acknowledge" in refused.stderr
    assert "Traceback" not in refused.stderr
    findings = json.loads(doctor(directory))
    assert [one["verdict"] for one in findings if one["what"] == "witness"] == ["problem"]

    asked = subprocess.run(
        [*COMMAND, "restore", "acknowledge", "--config", str(directory / "watchword.toml")],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert asked.returncode == 1
    assert "nothing was done" in asked.stderr
    done = json.loads(command(directory, "restore", "acknowledge", "--yes", "--json"))
    assert done["keys"] >= 3
    with serving(directory, port) as client:
        assert not is_active(client, pair, token)
        assert is_active(client, pair, token_of(client, pair))
        findings = json.loads(doctor(directory))
        assert [one["verdict"] for one in findings if one["what"] == "witness"] == ["ok"]


def test_a_database_that_is_restored_under_a_running_server_stops_it_from_answering(
    installed: tuple[Path, int, Archive],
) -> None:
    directory, port, archive = installed
    pair = new_service(directory)
    with serving(directory, port) as client:
        token = token_of(client, pair)
        saved = archive.save()
        command(directory, "revoke", "client", pair[0])
        archive.put_back(saved)
        wait_until(lambda: client.get("/readyz").status_code == 503)
        assert client.post("/introspect", data={"token": token}, auth=pair).status_code == 503
        assert client.get("/revocation/snapshot").status_code == 503
        command(directory, "restore", "acknowledge", "--yes")
        if archive.server is not None:  # SQLite's file is another one: it has to be opened anew
            wait_until(lambda: client.get("/readyz").status_code == 200)
            assert not is_active(client, pair, token)
            assert is_active(client, pair, token_of(client, pair))


def doctor(directory: Path) -> str:
    done = subprocess.run(
        [*COMMAND, "doctor", "--json", "--config", str(directory / "watchword.toml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def test_what_a_command_withdraws_is_remembered_without_a_server(installed: tuple[Path, int, Archive]) -> None:
    directory, port, archive = installed
    pair = new_service(directory)
    with serving(directory, port):
        pass
    saved = archive.save()
    command(directory, "revoke", "client", pair[0])
    archive.put_back(saved)
    assert "an older copy of itself" in serve(directory).stderr


def test_a_backup_is_private_whole_and_replaces_nothing(tmp_path: Path) -> None:
    directory, _ = install(tmp_path, "sqlite:///data.sqlite")
    previous = os.umask(0)
    try:
        made = json.loads(command(directory, "backup", str(tmp_path / "copy"), "--json"))
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert made["bytes"] == (tmp_path / "copy").stat().st_size
    again = subprocess.run(
        [*COMMAND, "backup", str(tmp_path / "copy"), "--config", str(directory / "watchword.toml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 1
    assert "a backup replaces nothing" in again.stderr
    assert not [path for path in tmp_path.iterdir() if "unfinished" in path.name]


def test_a_database_that_was_deleted_begins_a_new_installation(tmp_path: Path) -> None:
    directory, port = install(tmp_path, "sqlite:///data.sqlite")
    with serving(directory, port):
        assert (directory / "data.sqlite.witness").exists(), "beside the data file where no other place is named"
    for path in directory.glob("data.sqlite*"):
        if not path.name.endswith("witness"):
            path.unlink()
    subprocess.run([*COMMAND, "migrate", "--config", str(directory / "watchword.toml")], check=True)
    with serving(directory, port) as client:
        assert client.get("/readyz").status_code == 200
