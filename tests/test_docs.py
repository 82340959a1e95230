"""The documents say what is: their blocks run, their links lead somewhere, their lists are complete."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from starlette.testclient import TestClient
from tests.e2e import installation

from watchword.clock import SystemClock
from watchword.jose import Key, KeySet, jwt

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "watchword"
README = (ROOT / "README.md").read_text()
DEPENDENCIES = (ROOT / "docs/dependencies.md").read_text()
AUDIENCE = "http://localhost:8401"


def block(heading: str, language: str) -> str:
    """The code block of ``language`` below ``heading`` in the README."""
    found = re.search(rf"^## {heading}\n.*?^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found, f"no {language} block below {heading}"
    return found.group(1)


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


class Published(BaseHTTPRequestHandler):
    """An issuer reduced to what a verifier asks of it: discovery and keys."""

    key: ClassVar[Key]

    def do_GET(self) -> None:
        issuer = f"http://{self.headers['Host']}"
        documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"},
            "/jwks": KeySet([self.key]).to_dict(),
        }
        body = json.dumps(documents[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
        """Tests are quiet."""


@pytest.fixture
def issuer() -> Iterator[str]:
    """The address of a `Published` issuer on this machine."""
    Published.key = Key.generate("ES256")
    with ThreadingHTTPServer(("127.0.0.1", 0), Published) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def orders_api(issuer: str, audience: str) -> TestClient:
    """The README's API, protected by another issuer."""
    code = block("Protect an API", "python").replace("http://localhost:8400", issuer).replace(AUDIENCE, audience)
    namespace: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), namespace)
    return TestClient(namespace["app"])


def access_token(issuer: str, **changed: object) -> str:
    now = int(SystemClock().now())
    claims = {
        "iss": issuer, "aud": AUDIENCE, "sub": "alice", "client_id": "web", "scope": "orders:read",
        "jti": "t-1", "iat": now, "exp": now + 300,
    }  # fmt: skip
    return jwt.encode({**claims, **changed}, Published.key, typ="at+jwt")


def call(api: TestClient, token: str | None) -> tuple[int, Any]:
    answer = api.get("/orders", headers={} if token is None else {"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_the_api_of_the_readme_is_protected(issuer: str) -> None:
    with orders_api(issuer, AUDIENCE) as api:
        good = access_token(issuer)
        assert call(api, good) == (200, {"orders_of": "alice"})
        assert call(api, None)[0] == 401
        assert call(api, good[:-8] + ("A" if good[-8] != "A" else "B") + good[-7:])[0] == 401
        assert call(api, access_token(issuer, aud="http://localhost:8499"))[0] == 401
        assert call(api, access_token(issuer, scope="orders:write"))[0] == 403


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_the_readme_from_start_to_answer(tmp_path: Path) -> None:
    """`up`, a token by the README's shell lines, the demo API's answer, and the README's own API with that token."""
    running = installation.start(tmp_path)
    try:
        ready = running.ready
        script = block("Get a token", "sh") + '\nprintf "\\n%s" "$token"\n'
        script = script.replace("http://localhost:8400", ready["issuer"]).replace(AUDIENCE, ready["demo_api"])
        environment = {**os.environ, "CLIENT_ID": ready["client_id"], "CLIENT_SECRET": ready["client_secret"]}
        ran = subprocess.run(["sh", "-eu", "-c", script], env=environment, check=True, capture_output=True, text=True)
        answer, _, token = ran.stdout.rpartition("\n")
        assert json.loads(answer)
        with orders_api(ready["issuer"], ready["resource"]) as api:
            assert call(api, token) == (200, {"orders_of": ready["client_id"]})
    finally:
        running.stop()


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 50


def test_the_commands_of_the_readme_are_there() -> None:
    for script in ("scripts/up", "scripts/test"):
        assert script in README
        assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_file_of_the_flow_is_there() -> None:
    flow = (ROOT / "docs/flow.md").read_text()
    table = flow.partition("## Concept to file")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+\.py)`", table)
    assert len(named) > 40
    assert [name for name in named if not (SOURCE / name).is_file()] == []


def test_every_decision_is_in_the_index_and_has_three_parts() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    records = sorted(folder.glob("[0-9]*.md"))
    numbers = [path.name[:4] for path in records]
    assert len(set(numbers)) == len(numbers)
    for path in records:
        text = path.read_text()
        assert f"]({path.name})" in index, path.name
        assert text.startswith(f"# {path.name[:4]}: ")
        for part in ("**Context.**", "**Choice.**", "**Consequence.**"):
            assert part in text, f"{path.name} has no {part}"


def direct_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    for path in (ROOT / "requirements").glob("*.in"):
        lines += [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {re.split(r"[\[<>=;~! ]", line)[0].lower() for line in lines}


def test_every_direct_dependency_has_its_reason() -> None:
    reasons = dict(re.findall(r"^\| `([\w.-]+)` \| \d{4}-\d\d \| (.{10,}) \|$", DEPENDENCIES, re.MULTILINE))
    assert set(reasons) == direct_dependencies()


def test_every_direct_dependency_is_locked() -> None:
    locked = "\n".join(path.read_text() for path in (ROOT / "requirements").glob("*.txt"))
    for name in direct_dependencies():
        assert re.search(rf"^{re.escape(name)}(?:\[[\w,]+\])?==", locked, re.MULTILINE), name


def test_extension_points_are_where_contributing_says() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    places = {
        "GRANTS": "issuer/grants/__init__.py",
        "ALGORITHMS": "jose/algorithms/__init__.py",
        "CLIENT_AUTH_METHODS": "issuer/client_auth/__init__.py",
        "FACTORS": "authn/factors/__init__.py",
        "COMMANDS": "cli/__init__.py",
    }
    for name, path in places.items():
        assert f"| `{name}` |" in text
        assert re.search(rf"^{name}\b", (SOURCE / path).read_text(), re.MULTILINE), f"{path} has no {name}"


def test_changelog_fragments_are_named_by_kind() -> None:
    for path in (ROOT / "changelog.d").glob("*.md"):
        if path.name != "README.md":
            assert re.fullmatch(r"[a-z0-9-]+\.(?:added|changed|fixed|removed|security)\.md", path.name), path.name
            assert path.read_text().strip().endswith("."), path.name


def test_help_of_the_scripts() -> None:
    """``scripts/test --help`` tells every switch that it takes."""
    script = (ROOT / "scripts/test").read_text()
    told = subprocess.run([ROOT / "scripts/test", "--help"], check=True, capture_output=True, text=True).stdout
    for switch in re.findall(r"^\s+(--[a-z-]+)\)", script, re.MULTILINE):
        assert switch in told


def test_python_is_new_enough() -> None:
    """What `scripts/environment.bash` looks for is what the package asks for."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = re.search(
        r'^oldest_python="\((\d+), (\d+)\)"$', (ROOT / "scripts/environment.bash").read_text(), re.MULTILINE
    )
    assert oldest
    assert wanted == ">=" + ".".join(oldest.groups())
    assert sys.version_info >= tuple(map(int, oldest.groups()))
