"""``watchword login`` as a process, with a browser that is one: from the API's address to a kept token."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.cli import main
from watchword.clock import SystemClock
from watchword.jose import jwt

# $BROWSER: opens the address it is given and follows every redirect, as a browser does.
BROWSER = "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"


@pytest.fixture
def issuer() -> Iterator[ToyIssuer]:
    with toy_issuer(SystemClock()) as running:
        yield running


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    browser = tmp_path / "browser.py"
    browser.write_text(BROWSER)
    return {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "BROWSER": f"{sys.executable} {browser} %s",
        "DISPLAY": ":99",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def watchword(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "watchword.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_login_then_print(issuer: ToyIssuer, environment: dict[str, str], tmp_path: Path) -> None:
    done = watchword(environment, "login", "--api", issuer.api)
    assert done.returncode == 0, done.stderr
    assert f"Signed in to {issuer.api} as Alice." in done.stdout
    _, asked, _ = issuer.seen[0]
    assert asked["client_id"] == "command-line"
    assert asked["scope"] == "openid profile offline_access orders:read"
    assert asked["resource"] == issuer.api
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    kept = list((tmp_path / "config" / "watchword" / "tokens").glob("*.json"))
    assert len(kept) == 1
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600
    live = next(iter(issuer.live_refresh_tokens))
    assert live in kept[0].read_text()
    printed = watchword(environment, "token", "print", "--api", issuer.api)
    assert printed.returncode == 0
    assert printed.stderr == ""
    assert jwt.decode(printed.stdout.strip(), issuer.es256, typ="at+jwt")["aud"] == issuer.api
    for secret in (live, printed.stdout.strip()):
        assert secret not in done.stdout + done.stderr


@pytest.mark.exhaustive
def test_login_as_json_tells_everything_but_the_token(issuer: ToyIssuer, environment: dict[str, str]) -> None:
    done = watchword(
        environment, "login", "--api", issuer.api, "--scope", "orders:write", "--client-id", "mine", "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["issuer"] == issuer.issuer
    assert result["client_id"] == "mine"
    assert result["scopes"] == ["openid", "profile", "offline_access", "orders:write"]
    assert result["subject"] == "alice-id"
    assert "eyJ" not in done.stdout


@pytest.mark.exhaustive
def test_a_login_that_is_declined_keeps_nothing(issuer: ToyIssuer, environment: dict[str, str], tmp_path: Path) -> None:
    issuer.lies.response = {"error": "access_denied", "code": None}
    done = watchword(environment, "login", "--api", issuer.api)
    assert done.returncode == 1
    assert "(authorization_declined)" in done.stderr
    assert not list(tmp_path.glob("config/**/*.json"))


@pytest.fixture
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.mark.usefixtures("_home")
def test_without_a_browser_the_address_is_printed(issuer: ToyIssuer, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["login", "--api", issuer.api, "--no-browser", "--timeout", "0.05"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert f"  {issuer.issuer}/authorize?response_type=code&" in err
    assert "(login_timeout)" in err


@pytest.mark.usefixtures("_home")
@pytest.mark.parametrize(
    ("api", "code"),
    [
        ("http://api.example", "discovery_failed"),
        ("http://127.0.0.1:1", "discovery_failed"),
        ("nonsense", "discovery_failed"),
    ],
)
def test_an_api_that_cannot_be_asked(api: str, code: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["login", "--api", api, "--json"]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["error"] == code
    assert f"({code})" in err
