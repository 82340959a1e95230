"""docs/fastapi.md says what is: its blocks run, in order, and do what the text around them says."""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from watchword.admin import seed_file
from watchword.clock import SystemClock
from watchword.jose import Key, jwt
from watchword.oauth.dpop import ath
from watchword.verify.open_connection import DEFAULT_EVERY
from watchword.verify.testing import FakeIssuer

TEXT = (Path(__file__).parents[1] / "docs/fastapi.md").read_text()
READ, WRITE = "orders:read", "orders:write"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What all the blocks together define; an application of one's own form of refusal is left for its own test."""
    namespace: dict[str, Any] = {}
    for number, block in enumerate(blocks("python")):
        if "exception_handler" not in block:
            exec(compile(block, f"docs/fastapi.md, block {number}", "exec"), namespace)
    return namespace


@pytest.fixture
def issuer(names: dict[str, Any]) -> Iterator[FakeIssuer]:
    with FakeIssuer("https://auth.example.com", audience="https://api.example.com") as active:
        yield active


@pytest.fixture
def client(names: dict[str, Any]) -> TestClient:
    found: TestClient = names["client"]
    return found


def status(client: TestClient, target: str, token: str | None) -> int:
    method, path = target.split(" ")
    headers = {} if token is None else {"Authorization": "Bearer " + token}
    return client.request(method, path, headers=headers).status_code


def test_the_first_lines_protect(client: TestClient, issuer: FakeIssuer) -> None:
    good = issuer.token("alice", scopes=[READ])
    assert client.get("/orders", headers={"Authorization": "Bearer " + good}).json() == {"orders_of": "alice"}
    assert status(client, "GET /orders", None) == 401
    assert status(client, "GET /orders", issuer.token("alice")) == 403
    issuer.revoke(good)
    assert status(client, "GET /orders", good) == 401


def test_challenges_point_to_the_metadata(client: TestClient, issuer: FakeIssuer) -> None:
    document = client.get("/.well-known/oauth-protected-resource").json()
    assert document["authorization_servers"] == ["https://auth.example.com"]
    assert "resource_metadata=" in client.get("/orders").headers["WWW-Authenticate"]


def test_roles_and_a_recent_sign_in(client: TestClient, issuer: FakeIssuer) -> None:
    now = int(SystemClock().now())
    assert status(client, "DELETE /orders/1", issuer.token("alice", scopes=[WRITE])) == 403
    assert status(client, "DELETE /orders/1", issuer.token("alice", scopes=[WRITE], roles=["admin"])) == 200
    recent = issuer.token("alice", scopes=[WRITE], acr="urn:example:mfa", auth_time=now)
    assert status(client, "POST /payments", recent) == 200
    stale = issuer.token("alice", scopes=[WRITE], acr="urn:example:mfa", auth_time=now - 999)
    answer = client.post("/payments", headers={"Authorization": "Bearer " + stale})
    assert answer.status_code == 401
    assert 'acr_values="urn:example:mfa", max_age="300"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/orders/1", "/receipts/1"])
def test_conditions(client: TestClient, issuer: FakeIssuer, path: str) -> None:
    assert status(client, "GET " + path, issuer.token("alice", scopes=[READ])) == 200
    answer = client.get(path, headers=issuer.auth_headers("bob", scopes=[READ]))
    assert (answer.status_code, answer.json()["code"]) == (403, "condition_not_met")
    assert "`owner`" in answer.json()["error_description"]
    assert status(client, "GET " + path.replace("1", "9"), None) == 401
    assert status(client, "GET " + path.replace("1", "9"), issuer.token("alice", scopes=[READ])) == 404
    assert status(client, "GET /me", issuer.token("alice")) == 200
    assert status(client, "GET /me", issuer.token("worker", client="worker")) == 403


def test_websockets_as_the_page_opens_them(client: TestClient, issuer: FakeIssuer) -> None:
    [line] = blocks("js")
    found = re.search(r'"wss://api\.example\.com(/\S+)", \["(\w+)", "([\w.]+)" \+ token\]', line)
    assert found is not None
    path, beside, prefix = found.groups()
    offered = [beside, prefix + issuer.token("alice", scopes=[READ])]
    with client.websocket_connect(path, subprotocols=offered) as connection:
        selected: Any = connection.accepted_subprotocol
        assert selected == "watchword"
        assert connection.receive_json() == {"orders_of": "alice"}
        connection.send_text("hello")
        assert connection.receive_text() == "hello"
        issuer.advance(400)
        assert connection.receive() == {"type": "websocket.close", "code": 1008, "reason": "the token has expired"}
    assert f"two looks ({DEFAULT_EVERY})" in TEXT


def test_the_documentation_signs_in_by_the_client_that_is_shown(client: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "seed.toml"
    path.write_text(blocks("toml")[0])
    [seeded] = seed_file.read(path, local=True).clients
    page = client.get("/docs").text
    assert f'"clientId": "{seeded.id}"' in page
    assert "'/docs/oauth2-redirect'" in page


def test_proof_of_possession(client: TestClient, issuer: FakeIssuer) -> None:
    key = Key.generate("ES256")
    text = issuer.token("alice", scopes=[READ], dpop_key=key)
    claims = {"jti": secrets.token_hex(8), "htm": "GET", "htu": "https://api.example.com/statements", "ath": ath(text)}
    proof = jwt.encode({**claims, "iat": int(SystemClock().now())}, key, typ="dpop+jwt", embed_public_key=True)
    answer = client.get("/statements", headers={"Authorization": "DPoP " + text, "DPoP": proof})
    assert answer.json() == {"statements_of": "alice"}
    assert status(client, "GET /statements", issuer.token("alice", scopes=[READ])) == 401
    assert status(client, "GET /orders", text) == 401


def test_refusals_in_ones_own_form() -> None:
    namespace: dict[str, Any] = {}
    chosen = [blocks("python")[0], *(block for block in blocks("python") if "exception_handler" in block)]
    for block in chosen:
        exec(compile(block, "docs/fastapi.md", "exec"), namespace)
    answer = TestClient(namespace["app"]).get("/orders")
    assert answer.json() == {"title": "no access token was presented", "code": "token_missing"}
    assert "WWW-Authenticate" in answer.headers


def test_the_tests_that_are_shown_pass(names: dict[str, Any], issuer: FakeIssuer) -> None:
    names["test_orders"](issuer.auth_headers)
    names["test_orders_of_a_stand_in"]()
    assert json.loads(names["client"].get("/orders").text)["code"] == "token_missing"


def test_every_method_of_the_guard_is_told(names: dict[str, Any]) -> None:
    for method in ("requires", "checks", "metadata_router", "sign_in_from_docs"):
        assert f"guard.{method}" in TEXT
