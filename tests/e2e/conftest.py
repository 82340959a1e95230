"""One `watchword up` for all tests of this folder that only use it, and one of its own for those that change it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.installation import Installation, start
from tests.e2e.person import Person
from tests.ports import block

CALLBACK = "http://127.0.0.1:9/callback"
GOODBYE = "http://127.0.0.1:9/goodbye"
WEB_CLIENT = ("team-web-app", "team-web-app-secret-0123456789")
PASSWORD = "alice-password-of-the-tests"


def seed_text() -> str:
    """A team's own seed file: a web application, and alice, who may see the console."""
    client_id, secret = WEB_CLIENT
    return f"""
[[client]]
id = "{client_id}"
secret = "{secret}"
name = "Team web app"
redirect_uris = ["{CALLBACK}"]
post_logout_redirect_uris = ["{GOODBYE}"]
scopes = ["openid", "profile", "email", "offline_access", "orders:read", "orders:write"]

[[user]]
email = "alice@example.com"
username = "alice"
name = "Alice Example"
roles = ["admin"]
password = "{PASSWORD}"
"""


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Issuer and orders API, seeded with a web application and alice."""
    directory = tmp_path_factory.mktemp("up")
    seed = directory / "seed.toml"
    seed.write_text(seed_text())
    base = block("up")
    installation = start(directory, "--port", str(base), "--demo-port", str(base + 1), "--seed", str(seed))
    yield installation
    assert installation.stop() == 0, installation.output()


@pytest.fixture
def alice() -> Iterator[Person]:
    person = Person("alice", PASSWORD)
    yield person
    person.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path
