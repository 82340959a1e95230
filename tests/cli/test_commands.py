"""The operator's commands on an installation of their own, as typed."""

import asyncio
import importlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from watchword import cli
from watchword.store.engine import open_store
from watchword.store.repositories.installation import initialise
from watchword.store.schema import migrate
from watchword.store.sealing import MasterKey

Run = Callable[..., tuple[int, str, str]]
PASSWORD = "grey heron on the weir"
NOW = 1_790_000_000


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated data file whose master key is known."""
    path = tmp_path_factory.mktemp("template") / "watchword.sqlite"
    migrate(f"sqlite:///{path}")

    async def make() -> None:
        store = open_store(f"sqlite:///{path}")
        key = MasterKey(bytes(32))
        issuer = "http://localhost:1"
        await store.write(lambda connection: initialise(connection, issuer=issuer, master_key=key, now=NOW))
        await store.close()

    asyncio.run(make())
    return path


@pytest.fixture
def directory(template: Path, tmp_path: Path) -> Path:
    """A data directory as `up` keeps it."""
    (tmp_path / "watchword.sqlite").write_bytes(template.read_bytes())
    (tmp_path / "watchword.sqlite").chmod(0o600)
    key = tmp_path / "master.key"
    key.touch(0o600)
    key.write_text("A" * 43)
    (tmp_path / "watchword.toml").write_text(
        '[server]\nissuer = "http://localhost:1"\n[database]\nurl = "sqlite:///watchword.sqlite"\n'
        '[keys]\nmaster_key_file = "master.key"\n'
    )
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def run(directory: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def typed(*arguments: str) -> tuple[int, str, str]:
        status = cli.main([*arguments, "--data-dir", str(directory)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return typed


def as_json(outcome: tuple[int, str, str]) -> Any:
    status, out, err = outcome
    assert status == 0, err
    return json.loads(out)


def test_an_api_and_its_clients(run: Run) -> None:
    url = "https://orders.example.com"
    made = as_json(run("api", "add", url, "--scope", "orders:read=See orders", "--scope", "orders:write", "--json"))
    assert made["scopes"] == ["orders:read", "orders:write"]
    (listed,) = as_json(run("api", "list", "--json"))
    assert listed["scopes"][0] == {"name": "orders:read", "description": "See orders"}

    client = as_json(run("client", "add", "job", "--api", url, "orders:read,orders:write", "--json"))
    assert client["grant_types"] == ["client_credentials"]
    renewed = as_json(run("client", "secret", client["client_id"], "--json"))
    assert renewed["client_secret"] != client["client_secret"]
    (listed,) = as_json(run("client", "list", "--json"))
    assert listed["api_scopes"] == {url: ["orders:read", "orders:write"]}
    assert "secret" not in json.dumps(listed).replace("client_secret_basic", "")


def test_users(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    made = as_json(run("user", "add", "amy@example.com", "--role", "admin", "--password-file", str(file), "--json"))
    (listed,) = as_json(run("user", "list", "--json"))
    assert (listed["id"], listed["roles"], listed["status"]) == (made["id"], ["admin"], "active")
    monkeypatch.setattr("sys.stdin", io.StringIO("another heron altogether\n"))
    assert run("user", "password", "amy@example.com", "--password-file", "-")[0] == 0
    assert run("user", "disable", "AMY@example.com")[0] == 0
    (listed,) = as_json(run("user", "list", "--json"))
    assert listed["status"] == "disabled"
    assert "hash" not in json.dumps(listed)


def test_a_password_is_never_taken_from_the_command_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    status, _, err = run("user", "add", "amy@example.com")
    assert status == 2
    assert "--password-file" in err
    with pytest.raises(SystemExit):
        run("user", "add", "amy@example.com", "--password", PASSWORD)


def test_keys_and_revocation(run: Run) -> None:
    status, out, _ = run("keys", "list")
    assert (status, out) == (0, "no keys yet: start the issuer once\n")
    status, out, _ = run("revoke", "token", "jti-1")
    assert status == 0
    assert "jti-1 is refused from now on" in out.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "within a second" in out
    assert run("revoke", "token", "jti-1")[1].startswith("nothing was left to withdraw")
    assert as_json(run("revoke", "token", "jti-1", "--json")) == {"revoked": "token", "value": "jti-1", "new": False}
    assert "everybody signs in again" in run("revoke", "everything", "--yes")[1]
    assert as_json(run("revoke", "everything", "--yes", "--json"))["new"]
    for missing in (
        ("user", "nobody"),
        ("consent", "nobody", "nothing"),
        ("client", "x"),
        ("grant", "x"),
        ("session", "x"),
    ):
        status, _, err = run("revoke", *missing)
        assert (status, err) == (1, f"error: there is no such {'user' if missing[0] == 'consent' else missing[0]}\n")


def test_a_client_is_deleted_for_good(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = as_json(run("client", "add", "Till", "--redirect-uri", "https://till.example/cb", "--json"))["client_id"]
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    status, _, err = run("client", "delete", made)
    assert (status, err) == (1, "nothing was changed (say --yes where nobody can be asked)\n")
    assert run("client", "delete", made, "--yes")[0] == 0
    assert as_json(run("client", "list", "--json")) == []
    for again in (("client", "delete", made, "--yes"), ("client", "secret", made), ("revoke", "client", made)):
        assert run(*again)[1:] == ("", "error: there is no such client\n")


def test_a_stolen_key_and_other_algorithms(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("keys", "algorithm", "list")[1] == "no algorithms yet: start the issuer once\n"
    status, out, _ = run("keys", "algorithm", "add", "Ed25519")
    assert status == 0
    assert "signs once every cache must have seen it" in out
    held = {one["algorithm"]: one for one in json.loads(run("keys", "algorithm", "list", "--json")[1])}
    assert held["ES256"]["default"]
    assert held["ES256"]["signs"]
    assert not held["Ed25519"]["signs"]
    assert held["Ed25519"]["signs_from"] > 0
    keys = json.loads(run("keys", "list", "--json")[1])
    kid = next(
        key["kid"] for key in keys if (key["purpose"], key["algorithm"], key["state"]) == ("token", "ES256", "active")
    )

    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    status, _, err = run("keys", "compromise", kid)
    assert (status, err) == (1, "nothing was changed (say --yes where nobody can be asked)\n")
    status, out, _ = run("keys", "compromise", kid, "--yes", "--json")
    told = json.loads(out)
    assert (status, told["compromised"]) == (0, kid)
    states = {key["kid"]: key["state"] for key in json.loads(run("keys", "list", "--json")[1])}
    assert (states[kid], states[told["active"]]) == ("compromised", "active")
    assert run("keys", "compromise", kid, "--yes")[0] != 0
    assert "there is no such key" in run("keys", "compromise", "unknown", "--yes")[2]

    assert run("api", "add", "https://orders.example")[0] == 0
    status, _, err = run("api", "alg", "https://orders.example", "Ed25519")
    assert status != 0
    assert "does not sign yet" in err
    assert "add PS256 to the keys first" in run("api", "alg", "https://orders.example", "PS256")[2]
    assert "does not sign yet" in run("keys", "algorithm", "default", "Ed25519")[2]
    assert run("api", "alg", "https://orders.example", "ES256")[0] == 0
    assert json.loads(run("api", "list", "--json")[1])[0]["signing_alg"] == "ES256"
    assert run("api", "alg", "https://orders.example", "default")[0] == 0
    assert "from now on" in run("api", "status-list", "https://orders.example", "--on")[1]
    assert json.loads(run("api", "list", "--json")[1])[0]["status_list"] is True
    told = json.loads(run("api", "status-list", "https://orders.example", "--off", "--json")[1])
    assert told == {"identifier": "https://orders.example", "status_list": False}
    assert "there is no API" in run("api", "status-list", "https://stock.example", "--on")[2]
    assert run("keys", "algorithm", "remove", "Ed25519")[0] == 0
    made = json.loads(run("client", "add", "Till", "--redirect-uri", "https://till.example/cb", "--json")[1])
    assert "needed by the client Till" in run("keys", "algorithm", "remove", "RS256")[2]
    assert run("client", "alg", made["client_id"], "ES256")[0] == 0
    assert run("keys", "algorithm", "remove", "RS256")[0] == 0
    assert "ID tokens are signed with one of" in run("client", "alg", made["client_id"], "ML-DSA-65")[2]


@pytest.mark.parametrize("value", ["", " ", "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiJ4In0.c2ln"])
def test_a_whole_token_is_not_taken_for_its_id(run: Run, value: str) -> None:
    """O80: a token must get neither into the journal nor into the audit."""
    status, _, err = run("revoke", "token", value)
    assert status == 2
    assert "by its jti" in err
    assert value.strip() == "" or value not in err


def test_a_database_that_does_not_answer_is_told_without_a_traceback(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", "postgresql://amy:canary@127.0.0.1:1/x")
    status, _, err = run("migrate")
    assert status == 1
    assert err.startswith("error: the database does not answer")
    assert "canary" not in err


@pytest.mark.parametrize("place", ["nowhere/ready.json", "."])
def test_a_ready_file_that_cannot_be_is_told_before_anything_starts(run: Run, directory: Path, place: str) -> None:
    before = sorted(directory.iterdir())
    status, _, err = run("up", "--ready-file", str(directory / place))
    assert status == 2
    assert "--ready-file" in err
    assert sorted(directory.iterdir()) == before


def test_what_the_system_refuses_is_told_without_a_traceback(run: Run, directory: Path) -> None:
    (directory / "watchword.toml").unlink()
    (directory / "watchword.toml").mkdir()
    status, _, err = run("up", "--no-open", "--port", "0", "--demo-port", "0")
    assert status == 1
    assert "Is a directory" in err
    assert "Traceback" not in err


def test_everything_is_not_revoked_unasked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for asked in (("everything",), ("key", "some-kid")):
        status, _, err = run("revoke", *asked)
        assert status == 1
        assert "nothing was revoked" in err


def test_tables_are_aligned_and_show_nothing_that_moves_the_cursor(run: Run) -> None:
    evil = "Evil\x1b[2J\u202eclient"
    assert run("client", "add", evil, "--redirect-uri", "https://app.example.com/cb")[0] == 0
    assert run("client", "add", "日本", "--redirect-uri", "https://app.example.com/cb")[0] == 0
    _, out, _ = run("client", "list")
    assert "\x1b" not in out
    assert "\u202e" not in out
    heading, first, second = out.splitlines()
    column = heading.index("ID")
    assert first[column - 1] == " "
    assert second[column - 1 - len("日本")] == " "  # two columns each


def test_every_reason_is_told_at_once(run: Run) -> None:
    status, _, err = run("client", "add", " ", "--redirect-uri", "http://app.example.com", "--scope", "a b")
    assert status == 2
    assert err.count("\n  - ") == 3


def test_config_explain_names_sources_and_no_secret(run: Run, directory: Path) -> None:
    explained = {one["key"]: one for one in as_json(run("config", "explain", "--json"))}
    assert explained["server.issuer"]["source"] == "watchword.toml"
    assert explained["database.url"]["value"] == "(secret)"
    assert run("config", "check")[0] == 0
    (directory / "watchword.toml").write_text("[server]\nissuer = 1\nport = 0\n")
    status, out, _ = run("config", "check", "--json")
    assert status == 1
    assert len(json.loads(out)["problems"]) == 3


def test_the_doctor_names_what_is_wrong(run: Run, directory: Path) -> None:
    (directory / "master.key").chmod(0o644)
    status, out, _ = run("doctor", "--json")
    assert status == 1
    verdicts = {one["what"]: one["verdict"] for one in json.loads(out)}
    assert verdicts["schema"] == "ok"
    assert verdicts["master key"] == verdicts["file master.key"] == verdicts["reachable"] == "problem"


def test_without_an_installation_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["api", "list"]) == 1
    assert "run `watchword up`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_master_key_is_refused(run: Run, directory: Path) -> None:
    (directory / "master.key").write_text("B" * 42 + "A")
    status, _, err = run("api", "list")
    assert status == 1
    assert "not the one this installation was made with" in err


def test_migrate_makes_an_installation_of_an_empty_directory(run: Run, directory: Path) -> None:
    (directory / "watchword.sqlite").unlink()
    status, _, err = run("api", "list")
    assert (status, "watchword migrate" in err) == (1, True)
    assert not (directory / "watchword.sqlite").exists(), "looking makes nothing"
    assert run("migrate")[0] == 0
    assert run("api", "list")[0] == 0


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"watchword.cli.{name}")
    assert name == module.NAME
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert module.HELP in " ".join(capsys.readouterr().out.split())


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "watchword up" in " ".join(capsys.readouterr().out.split())


SERVER = ("sqlalchemy", "starlette", "uvicorn", "jinja2", "argon2", "alembic", "fastapi", "keyring", "uvloop")
# A finder that knows none of the server's packages: what an interpreter with the SDK alone sees.
SDK_ONLY = f"""
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {SERVER!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {SERVER!r} else real(name, package)
from watchword.cli import main
sys.exit(main(sys.argv[1:]))
"""


def with_sdk_only(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SDK_ONLY, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.mark.parametrize(
    "command", [("up",), ("serve",), ("api", "list"), ("migrate",), ("user", "list"), ("keys", "list")]
)
def test_with_the_sdk_alone_the_install_line_is_told(command: tuple[str, ...], directory: Path) -> None:
    done = with_sdk_only(*command, *(() if command == ("up",) else ("--data-dir", str(directory))), cwd=directory)
    assert done.returncode == 1
    assert 'pip install "watchword[server]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_with_the_sdk_alone_the_doctor_works(directory: Path, tmp_path: Path) -> None:
    done = with_sdk_only("doctor", "--data-dir", str(directory), cwd=tmp_path)
    assert "SDK only" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_command_line_is_light() -> None:
    """Asking for one command loads no server code."""
    script = "import sys\nfrom watchword import cli\ncli.load('up'); cli.load('api')\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in done.stdout.split()} & set(SERVER)
