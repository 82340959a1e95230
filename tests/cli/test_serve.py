"""`watchword serve`: refuses with every reason, serves over TLS, drains and ends."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.faults.postgres import PostgresServer
from tests.server.certificates import make_certificate

from watchword.cli.local.ports import choose_port
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.slow

API = "https://orders.example.com"
COMMAND = [sys.executable, "-m", "watchword.cli"]


def serve(directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "serve", "--config", str(directory / "watchword.toml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def configure(directory: Path, text: str) -> None:
    (directory / "watchword.toml").write_text(text)


def test_a_value_that_cannot_be_read_hides_no_other_reason(tmp_path: Path) -> None:
    configure(
        tmp_path,
        """
        [server]
        issuer = "http://auth.example.com"
        prot = 1
        tls_certificate = 7
        [database]
        url = "sqlite:///data.sqlite"
        [tokens]
        code_lifetime = "soon"
        """,
    )
    done = serve(tmp_path)
    assert done.returncode == 1
    for reason in ("server.prot is not a setting", "tokens.code_lifetime must", "server.tls_certificate must"):
        assert reason in done.stderr
    for reason in ("server.issuer is plain http", "no master key", "there is no database yet"):
        assert reason in done.stderr
    assert "no TLS" not in done.stderr


def test_it_refuses_with_every_reason_at_once(tmp_path: Path) -> None:
    MasterKey.generate_file(tmp_path / "master.key")
    one, other = make_certificate(tmp_path, "one"), make_certificate(tmp_path, "other")
    configure(
        tmp_path,
        f"""
        [server]
        issuer = "http://auth.example.com"
        tls_certificate = "{one.certificate}"
        tls_key = "{other.key}"
        [database]
        url = "sqlite:///data.sqlite"
        [keys]
        master_key_file = "missing.key"
        """,
    )
    done = serve(tmp_path, WATCHWORD_FAILPOINTS="x=raise")
    assert done.returncode == 1
    for reason in (
        "server.issuer is plain http",
        "WATCHWORD_FAILPOINTS is set",
        "the master key file is missing",
        "there is no database yet",
        "do not fit each other",
    ):
        assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "missing.key").exists()
    assert not (tmp_path / "data.sqlite").exists()


def test_an_unknown_setting_stops_it(tmp_path: Path) -> None:
    configure(tmp_path, '[server]\nissuer = "https://auth.example.com"\nworker = 4\n[database]\nurl = "sqlite:///x"\n')
    done = serve(tmp_path)
    assert done.returncode == 1
    assert "server.worker is not a setting" in done.stderr


@pytest.fixture
def empty_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database in which nothing is."""
    name = f"serve_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int]:
    """A migrated installation on each database."""
    is_sqlite = request.param == "sqlite"
    return install(tmp_path, "sqlite:///data.sqlite" if is_sqlite else request.getfixturevalue("empty_postgres"))


@pytest.fixture
def installation(tmp_path: Path) -> tuple[Path, int]:
    """A migrated installation on SQLite."""
    return install(tmp_path, "sqlite:///data.sqlite")


def install(tmp_path: Path, url: str) -> tuple[Path, int]:
    """A migrated installation with a certificate, and its port."""
    files = make_certificate(tmp_path, "server")
    MasterKey.generate_file(tmp_path / "master.key")
    port = choose_port(0, hosts=("127.0.0.1",))
    configure(
        tmp_path,
        f"""
        [server]
        issuer = "https://localhost:{port}"
        port = {port}
        tls_certificate = "{files.certificate}"
        tls_key = "{files.key}"
        [database]
        url = "{url}"
        [keys]
        master_key_file = "master.key"
        """,
    )
    subprocess.run([*COMMAND, "migrate", "--config", str(tmp_path / "watchword.toml")], check=True, capture_output=True)
    return tmp_path, port


def test_a_wrong_master_key_and_an_old_schema_are_refused(installation: tuple[Path, int]) -> None:
    directory, _ = installation
    (directory / "master.key").unlink()
    MasterKey.generate_file(directory / "master.key")
    assert "not the one this installation was made with" in serve(directory).stderr
    (directory / "data.sqlite").unlink()
    (directory / "data.sqlite").touch(0o600)
    assert "must be migrated first" in serve(directory).stderr


def command(directory: Path, *words: str) -> str:
    """What an operator's command prints."""
    done = subprocess.run(
        [*COMMAND, *words, "--config", str(directory / "watchword.toml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_serves_over_tls_and_ends_cleanly(served: tuple[Path, int]) -> None:
    directory, port = served
    log = directory / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--config", str(directory / "watchword.toml")], stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        trusting = ssl.create_default_context(cafile=str(directory / "server.crt"))
        with httpx2.Client(verify=trusting, base_url=f"https://localhost:{port}", trust_env=False) as client:
            deadline = time.monotonic() + 60
            while True:
                try:
                    document = client.get("/.well-known/openid-configuration?canary-7f3a=1")
                    break
                except httpx2.ConnectError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.05)
            assert document.json()["issuer"] == f"https://localhost:{port}"
            assert "server" not in document.headers
            assert "strict-transport-security" in document.headers
            assert client.get("/jwks", headers={"Host": "evil.example"}).status_code == 421
            forged = client.get("/readyz", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"})
            assert forged.status_code == 200

            # An operator registers an API and a service while it runs, and the service gets a token at once.
            command(directory, "api", "add", API, "--scope", "orders:read=See the orders")
            made = json.loads(command(directory, "client", "add", "reports", "--api", API, "orders:read", "--json"))
            form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": API}
            basic = (made["client_id"], made["client_secret"])
            token = client.post("/token", data=form, auth=basic).json()["access_token"]
            assert client.post("/introspect", data={"token": token}, auth=basic).json()["active"] is True
            command(directory, "revoke", "client", made["client_id"])
            assert client.post("/introspect", data={"token": token}, auth=basic).json() == {"active": False}
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert any(line.get("route") == "/.well-known/openid-configuration" for line in lines)
    assert "canary" not in log.read_text()
