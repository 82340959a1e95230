"""The pytest plugin as a project meets it: installed from a wheel, in a run of its own, with warnings as errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow

APP = """
from typing import Annotated
from fastapi import FastAPI, Security
from watchword.fastapi import Guard
from watchword.verify import VerifiedClaims

def create_app(audience="https://api.example.com"):
    app = FastAPI()
    guard = Guard(issuer="https://auth.example.com", audience=audience)

    @app.get("/orders")
    def orders(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]):
        return {"orders_of": caller.sub}

    return app

app = create_app()
"""

ZERO_CONFIGURATION = """
import pytest
from fastapi.testclient import TestClient
from app import app

@pytest.fixture
def client():
    return TestClient(app)

def status(client, **request):
    return client.get("/orders", **request).status_code

def test_headers(client, auth_headers):
    assert client.get("/orders", headers=auth_headers("bob", scopes=["orders:read"])).json() == {"orders_of": "bob"}
    assert status(client, headers=auth_headers("bob")) == 403
    assert status(client, headers=auth_headers(scopes=["orders:read"], expires_in=-1)) == 401

def test_token(client, token):
    assert status(client, headers={"Authorization": "Bearer " + token(scopes=["orders:read"])}) == 200

def test_signed_in(client, signed_in):
    assert status(client) == 401
    with signed_in("alice", scopes=["orders:read"]):
        assert status(client) == 200
    assert status(client) == 401

def test_issuer(client, issuer, auth_headers):
    headers = auth_headers(scopes=["orders:read"])
    issuer.revoke(subject="alice")
    assert status(client, headers=headers) == 401

def test_the_machine_clock_is_back(issuer):
    import time
    from watchword.clock import SystemClock
    assert abs(SystemClock().now() - time.time()) < 5
"""

FACTORIES = """
import pytest
from fastapi.testclient import TestClient
from app import create_app

@pytest.fixture
def client():
    return TestClient(create_app())

def test_an_app_for_each_test(issuer, auth_headers, client):
    assert client.get("/orders", headers=auth_headers(scopes=["orders:read"])).status_code == 200

def test_an_app_made_in_the_test(auth_headers):
    client = TestClient(create_app("https://second.example.com"))
    headers = auth_headers(scopes=["orders:read"], audience="https://second.example.com")
    assert client.get("/orders", headers=headers).status_code == 200

def test_several_apis_are_asked_about(auth_headers):
    second = create_app("https://second.example.com")
    with pytest.raises(Exception, match="say audience= with one of"):
        auth_headers()
"""

OWN_FIXTURES = """
import pytest

@pytest.fixture
def token():
    return "mine"

@pytest.fixture(scope="session")
def issuer():
    from watchword.verify.testing import FakeIssuer
    with FakeIssuer("https://mine.example.com", audience="https://api.example.com") as active:
        yield active

def test_own_fixtures_come_first(token, issuer, auth_headers):
    assert token == "mine"
    assert issuer.issuer == "https://mine.example.com"
    assert auth_headers("alice")["Authorization"].startswith("Bearer ey")

def test_the_session_shares_it(issuer):
    issuer.reset()
"""

OPTIONS = """
def test_what_the_configuration_says(issuer):
    assert (issuer.issuer, issuer.audience, issuer.profile) == (
        "https://tenant.example.com/", "https://api.example.com", "auth0"
    )
    assert issuer.token()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout; Python imports from it as it is."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(target.glob("watchword-*.whl"))


def run(installed: Path, project: Path, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    """How pytest fares in ``project``, with ``files`` in it."""
    for name, text in files.items():
        (project / f"{name}.py").write_text(text)
    if not (project / "pytest.ini").exists():
        (project / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{project}"}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_with_nothing_configured(installed: Path, tmp_path: Path) -> None:
    ran = run(installed, tmp_path, app=APP, test_zero=ZERO_CONFIGURATION)
    assert "5 passed" in ran.stdout, ran.stdout


def test_in_several_processes(installed: Path, tmp_path: Path) -> None:
    ran = run(installed, tmp_path, "-n", "2", app=APP, test_zero=ZERO_CONFIGURATION)
    assert "5 passed" in ran.stdout, ran.stdout


def test_apps_that_come_and_go(installed: Path, tmp_path: Path) -> None:
    ran = run(installed, tmp_path, app=APP, test_factories=FACTORIES)
    assert "3 passed" in ran.stdout, ran.stdout


def test_a_project_with_fixtures_of_these_names_keeps_them(installed: Path, tmp_path: Path) -> None:
    ran = run(installed, tmp_path, test_own=OWN_FIXTURES)
    assert "2 passed" in ran.stdout, ran.stdout
    assert "warning" not in ran.stdout.lower()


def test_the_configuration_says_who_is_meant(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nwatchword_issuer = https://tenant.example.com/\n"
        "watchword_audience = https://api.example.com\nwatchword_profile = auth0\n"
    )
    ran = run(installed, tmp_path, test_options=OPTIONS)
    assert "1 passed" in ran.stdout, ran.stdout


def test_it_can_be_switched_off(installed: Path, tmp_path: Path) -> None:
    ran = run(installed, tmp_path, "-p", "no:watchword", test_own="def test_it(issuer):\n    pass\n")
    assert "fixture 'issuer' not found" in ran.stdout


def test_a_run_that_asks_for_nothing_loads_nothing(installed: Path, tmp_path: Path) -> None:
    program = "import sys\ndef test_it():\n    assert 'watchword.pytest_plugin' in sys.modules\n"
    program += "    assert not {'watchword.verify', 'watchword.jose', 'cryptography'} & set(sys.modules)\n"
    ran = run(installed, tmp_path, test_light=program)
    assert "1 passed" in ran.stdout, ran.stdout
