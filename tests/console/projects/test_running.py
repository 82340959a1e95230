"""Each project starts with its one command, answers strangers 401, and ends with Ctrl-C."""

import httpx2
import pytest
from tests.console.projects.conftest import OTHER_API, Run, Surroundings
from tests.console.projects.generated import Running, is_listening
from tests.e2e.person import Person

from watchword.console.projects import PROJECTS, command

pytestmark = pytest.mark.slow

KINDS = [kind.name for kind in PROJECTS]


def come_up(project: Running, bob: Person) -> None:
    """Wait until everything runs; sign in where the project asks for it."""
    found = project.wait_for(r"^  http\S+|Ctrl-C stops")
    if found.startswith("  "):
        landed = bob.http.get(bob.visit(found.strip(), "http://127.0.0.1"))
        assert landed.status_code == 200
        project.wait_for("Ctrl-C stops")


def ask(url: str, token: str | None) -> httpx2.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if url.endswith("/mcp"):
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        return httpx2.post(url, json=ping, headers=headers, trust_env=False)
    return httpx2.get(url, headers=headers, trust_env=False)


@pytest.mark.parametrize("name", KINDS)
def test_the_api_takes_no_token_but_its_own(run: Run, surroundings: Surroundings, bob: Person, name: str) -> None:
    """J61: a token that was made for another API is worth nothing here, whatever its scopes."""
    kind = surroundings.kinds[name]
    assert command(kind) == "python run.py"
    takes_options = name in {"command-line", "agent"}
    project = run(name, *(["--no-open"] if takes_options else []))
    come_up(project, bob)

    audience = kind.wanted().api_identifier
    api = audience if name == "agent" else f"{audience}/notes"
    nothing = ask(api, None)
    assert nothing.status_code == 401
    assert "resource_metadata=" in nothing.headers["www-authenticate"]
    foreign = ask(api, surroundings.token_for(OTHER_API))
    assert (foreign.status_code, foreign.json()["error"]) == (401, "invalid_token")
    own = ask(api, surroundings.token_for(audience))
    assert own.status_code == 200, own.text

    assert project.interrupt() == 0, project.output()
    assert "Traceback" not in project.output()
    assert "Warning" not in project.output()
    assert not is_listening(kind.api_port)
    assert not is_listening(kind.app_port)


def test_a_taken_port_is_said_at_once(run: Run, surroundings: Surroundings) -> None:
    first = run("service-to-service")
    first.wait_for("Ctrl-C stops")
    again = Running(first.folder, first.folder.parent)
    assert again.end() == 1
    assert f"something else listens on port {surroundings.kinds['service-to-service'].api_port}" in again.output()


def test_a_termination_ends_the_servers_too(run: Run, surroundings: Surroundings) -> None:
    project = run("service-to-service")
    project.wait_for("Ctrl-C stops")
    project.process.terminate()
    assert project.end() == 0
    assert not is_listening(surroundings.kinds["service-to-service"].api_port)


def test_a_server_that_cannot_start_ends_the_others(run: Run, surroundings: Surroundings) -> None:
    project = run("web-app")
    project.wait_for("Ctrl-C stops")
    assert project.interrupt() == 0
    (project.folder / "app.py").write_text("raise SystemExit('no')\n")
    again = Running(project.folder, project.folder.parent)
    assert again.end() == 1
    assert "a server did not start" in again.output()
    assert not is_listening(surroundings.kinds["web-app"].api_port)
