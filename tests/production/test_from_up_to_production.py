"""What was clicked in `up` is exported, shown, applied to an empty production installation, and exported, the same."""

import json
import os
import stat
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.installation import start
from tests.faults.postgres import PostgresServer

from watchword.store.sealing import MasterKey

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

WATCHWORD = str(Path(sys.executable).parent / "watchword")
ORDERS = "https://orders.example.com"


def watchword(*words: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    done = subprocess.run(
        [WATCHWORD, *words], capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        env=environment,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a real `up` is exported to."""
    directory = tmp_path_factory.mktemp("up")
    running = start(directory, "--port", "22310", "--demo-port", "22311")
    try:
        here = ("--data-dir", str(directory / "data"))
        watchword("api", "add", ORDERS, "--name", "Orders", "--scope", "orders:read=See them", "--secret", *here)
        web = ("--redirect-uri", "http://localhost:3000/callback", "--scope", "openid", "--scope", "orders:read")
        watchword("client", "add", "shop", *web, "--origin", "http://localhost:3000", *here)
        watchword("client", "add", "jobs", "--api", ORDERS, "orders:read", "--default-api", ORDERS, *here)
        watchword("client", "add", "app", "--public", "--redirect-uri", "http://127.0.0.1/callback", *here)
        output = directory / "exported.toml"
        replaced = ("--replace", "http://localhost:3000=https://shop.example.com")
        said = watchword("export", *replaced, "--output", str(output), *here).stderr
    finally:
        running.stop()
    assert "left out: client Orders demo" in said
    assert f"left out: api {running.ready['resource']}" in said
    return output


@pytest.fixture
def production(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """An empty installation on PostgreSQL; the options that name it."""
    name = f"apply_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    MasterKey.generate_file(tmp_path / "master.key")
    (tmp_path / "watchword.toml").write_text(
        '[server]\nissuer = "https://auth.example.com"\ntrusted_proxies = ["127.0.0.1"]\n'
        f'[database]\nurl = "{postgres_server.url(name)}"\n[keys]\nmaster_key_file = "master.key"\n'
    )
    there = ("--config", str(tmp_path / "watchword.toml"))
    watchword("migrate", *there)
    yield there
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_file_holds_what_was_clicked_and_nothing_of_the_demonstration(exported: Path) -> None:
    document = tomllib.loads(exported.read_text())
    assert [api["url"] for api in document["api"]] == [ORDERS]
    clients: dict[str, dict[str, Any]] = {client["name"]: client for client in document["client"]}
    assert set(clients) == {"app", "jobs", "shop"}
    assert clients["shop"]["redirect_uris"] == ["https://shop.example.com/callback"]
    assert not any({"secret", "id"} & client.keys() for client in document["client"])


def test_round_trip(exported: Path, production: tuple[str, str], tmp_path: Path) -> None:
    shown = watchword("apply", str(exported), "--check", *production, status=2).stdout
    for line in (f"+ api {ORDERS}", "+ client shop", "+ redirect_uris: https://shop.example.com/callback"):
        assert line in shown
    assert json.loads(watchword("client", "list", "--json", *production).stdout) == []

    assert "say --yes" in watchword("apply", str(exported), *production, status=1).stderr
    secrets = tmp_path / "secrets"
    words = ("apply", str(exported), "--yes", "--json", "--secrets-directory", str(secrets), *production)
    done = json.loads(watchword(*words).stdout)
    assert done["applied"] is True
    files = {client["name"]: Path(client["secret_file"]) for client in done["clients"] if "secret_file" in client}
    assert files.keys() == {"jobs", "shop"}
    for path in files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text().startswith("ww_secret")
        assert path.read_text().strip() not in json.dumps(done)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700

    assert "nothing differs" in watchword("apply", str(exported), "--check", *production).stdout
    again = watchword("export", *production)
    assert again.stderr == ""
    assert tomllib.loads(again.stdout) == tomllib.loads(exported.read_text())


def test_a_change_is_shown_item_by_item_and_a_secret_once(
    exported: Path, production: tuple[str, str], tmp_path: Path
) -> None:
    first = watchword("apply", str(exported), "--yes", *production).stdout
    assert first.count("client_secret  ww_secret") == 2
    assert "Secrets are not shown again." in first
    changed = tmp_path / "changed.toml"
    changed.write_text(exported.read_text().replace("shop.example.com/callback", "shop.example.com/back"))
    shown = watchword("apply", str(changed), "--yes", *production).stdout
    assert "~ client shop" in shown
    assert "+ redirect_uris: https://shop.example.com/back" in shown
    assert "- redirect_uris: https://shop.example.com/callback" in shown
    assert "ww_secret" not in shown


def test_secrets_and_users_of_a_file_are_refused_in_production(production: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    path.write_text('[[client]]\nid = "shop"\nname = "shop"\nredirect_uris = ["https://shop.example.com/callback"]\n')
    assert "id is allowed only" in watchword("apply", str(path), "--yes", *production, status=2).stderr
    path.write_text('[[user]]\nemail = "amy@example.com"\n')
    assert "users are not applied" in watchword("apply", str(path), "--yes", *production, status=1).stderr


@pytest.mark.parametrize("given", ["http://localhost:3000", "a=b", "http://localhost:3000/=https://shop.example.com"])
def test_a_replacement_is_two_addresses(given: str, production: tuple[str, str]) -> None:
    assert "--replace is like" in watchword("export", "--replace", given, *production, status=2).stderr
