"""``watchword login`` against a real `watchword up`: sign in, call the API, renew, and end with the account."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from tests.e2e.installation import Installation, start
from tests.e2e.person import Person

from watchword.jose import base64url, jws
from watchword.jose.json_object import decode_object

pytestmark = pytest.mark.slow

PASSWORD = "grey heron on the weir"
SEED = f"""
[[user]]
email = "amy@example.com"
username = "amy"
name = "Amy Adams"
password = "{PASSWORD}"
"""
# Shorter than what `token print` wants a token to be good for still: every one is renewed, and no test has to wait.
SHORT = {"WATCHWORD_TOKENS_ACCESS_TOKEN_LIFETIME": "20s"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED)
    running = start(tmp_path, "--port", "0", "--demo-port", "0", "--seed", str(seed), environment=SHORT)
    yield running
    assert running.stop() == 0


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        **SHORT,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def watchword(environment: Mapping[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "watchword.cli", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False, input=given
    )


def log_in(api: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """What the command wrote, on both ends; the person opens the address that it shows."""
    command = [sys.executable, "-m", "watchword.cli", "login", "--api", api, "--no-browser", "--timeout", "60"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        seen = ""
        while not (line := process.stderr.readline()).startswith("  http"):
            assert line, seen
            seen += line
        amy = Person("amy", PASSWORD)
        landed = amy.http.get(amy.visit(line.strip(), "http://127.0.0.1"))
        amy.close()
        assert landed.status_code == 200
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out, seen + line + err


def orders(api: str, token: str) -> int:
    return httpx2.get(f"{api}/orders", headers={"Authorization": f"Bearer {token}"}).status_code


def print_token(api: str, environment: Mapping[str, str]) -> str:
    printed = watchword(environment, "token", "print", "--api", api)
    assert (printed.returncode, printed.stderr) == (0, "")
    return printed.stdout.strip()


def jti_of(token: str) -> str:
    return str(decode_object(base64url.decode(jws.split(token).payload_segment))["jti"])


def test_login_print_call_and_renew(installation: Installation, environment: dict[str, str], tmp_path: Path) -> None:
    api = installation.demo_api
    out, err = log_in(api, environment)
    assert f"Signed in to {api} as Amy Adams." in out

    kept = tmp_path / "config" / "watchword" / "tokens"
    (file,) = kept.glob("*.json")
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)

    first, second = (print_token(api, environment) for _ in range(2))
    assert orders(api, first) == orders(api, second) == 200
    assert jti_of(first) != jti_of(second), "one that is about to end is renewed"
    issuer_arguments = ("--issuer", installation.issuer, "--audience", api)
    assert watchword(environment, "token", "verify", *issuer_arguments, given=second).returncode == 0
    wrong = watchword(environment, "token", "verify", "--issuer", installation.issuer, "--audience", "x", given=second)
    assert (wrong.returncode, "audience" in wrong.stderr) == (1, True)

    logs = "".join((installation.directory / "data" / f"{name}.log").read_text() for name in ("issuer", "demo"))
    for secret in (first, second, PASSWORD):
        assert secret not in out + err + logs + installation.output()


@pytest.mark.parametrize("command", ["disable", "password"])
def test_the_login_ends_with_the_account(installation: Installation, environment: dict[str, str], command: str) -> None:
    api = installation.demo_api
    log_in(api, environment)
    print_token(api, environment)
    more = ["--password-file", "-"] if command == "password" else []
    data = ["--data-dir", str(installation.directory / "data")]
    done = watchword(environment, "user", command, "amy", *more, *data, given="another heron altogether\n")
    assert done.returncode == 0, done.stderr
    ended = watchword(environment, "token", "print", "--api", api)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the login has ended" in ended.stderr
