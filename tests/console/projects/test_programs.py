"""The projects without pages: what they print, and what they leave behind."""

import json
import stat
from pathlib import Path

import httpx2
import pytest
from tests.console.projects.conftest import Run, Surroundings
from tests.console.projects.generated import SECRET, client_id
from tests.e2e.person import Person

from watchword.jose import base64url, jws
from watchword.jose.json_object import decode_object

pytestmark = pytest.mark.slow


def open_printed_address(alice: Person, address: str) -> None:
    assert alice.http.get(alice.visit(address.strip(), "http://127.0.0.1")).status_code == 200


def test_a_service_calls_the_api_in_its_own_name(run: Run) -> None:
    project = run("service-to-service", "--once")
    assert project.end() == 0, project.output()
    lines = project.output().splitlines()
    assert lines[0] == "python service.py"
    assert lines[1] == 'POST /notes: 201 {"text":"Written by a service"}'
    assert lines[2].startswith("GET /notes:  200 ")
    assert "This note came from the API" in lines[2]
    assert SECRET not in project.output()
    assert "eyJ" not in project.output()


def test_a_service_with_another_secret_says_so_and_ends(run: Run) -> None:
    project = run("service-to-service")
    project.wait_for("Ctrl-C stops")
    (project.folder / ".secrets" / "client_secret").write_text("another-secret\n")
    done = project.command("service.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("service: the token endpoint refused the request (invalid_client)\n")
    assert "Traceback" not in done.stderr
    assert "another-secret" not in done.stderr


def test_a_command_line_signs_in_once_adds_and_signs_out(run: Run, alice: Person, tmp_path: Path) -> None:
    project = run("command-line", "--no-open")
    open_printed_address(alice, project.wait_for(r"^  http\S+"))
    project.wait_for("Ctrl-C stops")
    assert "/consent" in alice.visited, "access while the person is away is agreed to"
    assert "Signed in as Alice Example." in project.output()
    assert 'GET /notes: 200 [{"text":"This note came from the API"}]' in project.output()

    kept = tmp_path / "home" / ".config" / "notes-command-line"
    (file,) = kept.glob("*.json")
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)

    first = json.loads(file.read_text())["tokens"]
    added = project.command("notes.py", "--no-open", "add", "Buy oat milk")
    assert (added.returncode, added.stdout) == (0, 'POST /notes: 201 {"text":"Buy oat milk"}\n'), added.stderr
    listed = project.command("notes.py", "--no-open", "list")
    assert "Buy oat milk" in listed.stdout
    assert listed.stderr == "", "nobody is asked again"

    last = json.loads(file.read_text())["tokens"]
    assert (last["refresh_token"] == first["refresh_token"], last["id_token"]) == (False, None), "renewed and rotated"
    assert "eyJ" in last["access_token"], "or the next line could not fail"
    assert "eyJ" not in project.output() + added.stdout + listed.stdout
    ended = project.command("notes.py", "sign-out")
    assert (ended.returncode, ended.stdout) == (0, "Signed out.\n"), ended.stderr
    assert list(kept.glob("*.json")) == []
    assert project.command("notes.py", "sign-out").stdout == "Nobody was signed in.\n"


def test_an_agent_finds_the_issuer_through_the_server_that_refuses_it(
    run: Run, surroundings: Surroundings, alice: Person
) -> None:
    kind = surroundings.kinds["agent"]
    project = run("agent", "--no-open", "--once")
    address = project.wait_for(r"^  http\S+")
    agent_files = ("agent.py", "signing_in.py", "mcp_client.py")
    for name in agent_files:
        assert surroundings.issuer not in (project.folder / name).read_text()
        assert "settings" not in (project.folder / name).read_text()
    tool_server = kind.wanted().api_identifier
    assert f"{tool_server} asks you to sign in at {surroundings.issuer}." in project.output()
    asked = httpx2.URL(address.strip()).params
    assert asked["resource"] == tool_server
    assert asked["client_id"] == client_id(kind)
    assert asked["code_challenge_method"] == "S256"
    open_printed_address(alice, address)
    assert project.end() == 0, project.output()
    assert "Signed in as Alice Example." in project.output()
    assert "tools: list_notes, add_note" in project.output()
    assert "list_notes: This note came from the tool server\nWritten by an agent" in project.output()
    assert "eyJ" not in project.output()


def test_a_tool_server_speaks_its_part_of_mcp_and_no_more(run: Run, surroundings: Surroundings, alice: Person) -> None:
    project = run("agent", "--no-open")
    open_printed_address(alice, project.wait_for(r"^  http\S+"))
    project.wait_for("Ctrl-C stops")
    url = surroundings.kinds["agent"].wanted().api_identifier
    token = surroundings.token_for(url)
    with httpx2.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:

        def ask(method: str, **params: object) -> httpx2.Response:
            return http.post(url, json={"jsonrpc": "2.0", "id": "a", "method": method, "params": params})

        tools = ask("tools/list").json()
        assert (tools["jsonrpc"], tools["id"]) == ("2.0", "a")
        assert [tool["name"] for tool in tools["result"]["tools"]] == ["list_notes", "add_note"]
        assert tools["result"]["tools"][1]["inputSchema"]["required"] == ["text"]
        assert ask("resources/list").json()["error"]["code"] == -32601
        assert ask("tools/call", name="rm").json()["error"]["code"] == -32602
        assert ask("tools/call", name="add_note", arguments={}).json()["error"]["code"] == -32602
        assert http.post(url, json={"jsonrpc": "2.0", "method": "notifications/initialized"}).status_code == 202
        assert http.get(url).status_code == 405
        assert http.post(url, content=b"[]").json()["error"]["code"] == -32600
        assert http.post(url, json={"jsonrpc": "1.0", "id": 1, "method": "ping"}).status_code == 400
        old = {"MCP-Protocol-Version": "2024-11-05"}
        assert http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=old).status_code == 400
        page = {"Origin": "http://localhost:1"}
        assert http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=page).status_code == 403


def test_an_agent_believes_no_metadata_of_another_place(run: Run, surroundings: Surroundings) -> None:
    """A server must not have a token made for another one."""
    project = run("agent", "--no-open")
    project.wait_for(r"^  http\S+")
    script = (
        "import sys\nfrom signing_in import read_challenge\n"
        'challenge = f\'Bearer realm="x", resource_metadata="{sys.argv[1]}"\'\n'
        "print(read_challenge(challenge, server=sys.argv[2]).identifier)\n"
    )
    url = surroundings.kinds["agent"].wanted().api_identifier
    metadata = url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
    assert project.command("-c", script, metadata, url).stdout == f"{url}\n"
    elsewhere = project.command("-c", script, metadata.replace("localhost", "127.0.0.1"), url)
    assert "the metadata is not on the tool server" in elsewhere.stderr
    another = project.command("-c", script, metadata, url + "/other")
    assert "the metadata describes another API" in another.stderr


def test_reading_alone_is_not_writing(run: Run, surroundings: Surroundings) -> None:
    """A token with the scope for reading is told which scope it lacks."""
    project = run("service-to-service")
    project.wait_for("Ctrl-C stops")
    api = surroundings.kinds["service-to-service"].wanted().api_identifier
    answer = httpx2.post(
        f"{surroundings.issuer}/token",
        data={"grant_type": "client_credentials", "resource": api, "scope": "notes:read"},
        auth=(client_id(surroundings.kinds["service-to-service"]), SECRET),
        trust_env=False,
    )
    token = answer.json()["access_token"]
    claims = decode_object(base64url.decode(jws.split(token).payload_segment))
    assert (claims["aud"], claims["scope"]) == (api, "notes:read")
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx2.get(f"{api}/notes", headers=headers, trust_env=False).status_code == 200
    refused = httpx2.post(f"{api}/notes", json={"text": "x"}, headers=headers, trust_env=False)
    assert refused.status_code == 403
    assert 'scope="notes:write"' in refused.headers["www-authenticate"]
