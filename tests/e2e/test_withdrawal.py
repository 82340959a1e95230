"""A token is withdrawn at the issuer, and the orders API, which shares nothing with it but a name, refuses it."""

import base64
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from tests.e2e.conftest import CALLBACK, WEB_CLIENT
from tests.e2e.installation import Installation, start
from tests.e2e.person import Person
from tests.ports import block

pytestmark = pytest.mark.slow

SECONDS = 2.0  # within which a withdrawal is to be known


def machine_token(up: Installation) -> str:
    answer = httpx2.post(
        f"{up.issuer}/token",
        data={"grant_type": "client_credentials", "scope": up.ready["scope"], "resource": up.ready["resource"]},
        auth=(up.ready["client_id"], up.ready["client_secret"]),
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def person_token(up: Installation, person: Person) -> str:
    verifier = secrets.token_urlsafe(40)
    asked = {
        "response_type": "code",
        "client_id": WEB_CLIENT[0],
        "redirect_uri": CALLBACK,
        "scope": "openid orders:read",
        "state": "s-1",
        "resource": up.ready["resource"],
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    back = person.visit(str(httpx2.URL(f"{up.issuer}/authorize", params=asked)), CALLBACK)
    form = {
        "grant_type": "authorization_code",
        "code": httpx2.URL(back).params["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }
    answer = httpx2.post(f"{up.issuer}/token", data=form, auth=WEB_CLIENT, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def kid_of(token: str) -> str:
    header = token.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def call(up: Installation, token: str) -> httpx2.Response:
    return httpx2.get(f"{up.demo_api}/orders", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def is_refused_in_time(up: Installation, token: str) -> None:
    """Ask until the answer is another, for no longer than it may take."""
    deadline = time.monotonic() + SECONDS
    while (answer := call(up, token)).status_code == 200:
        assert time.monotonic() < deadline, "the withdrawal did not arrive"
        time.sleep(0.02)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def watchword(up: Installation, *arguments: str, stdin: str | None = None) -> None:
    command = [str(Path(sys.executable).parent / "watchword"), *arguments, "--data-dir", str(up.directory / "data")]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_client_withdraws_its_own_token(running: Installation) -> None:
    withdrawn, kept = machine_token(running), machine_token(running)
    assert [call(running, token).status_code for token in (withdrawn, kept)] == [200, 200]
    pair = (running.ready["client_id"], running.ready["client_secret"])
    answer = httpx2.post(f"{running.issuer}/revoke", data={"token": withdrawn}, auth=pair, trust_env=False)
    assert answer.status_code == 200
    is_refused_in_time(running, withdrawn)
    assert call(running, kept).status_code == 200


@pytest.mark.parametrize("kind", ["token", "client", "key"])
def test_the_operator_withdraws_from_the_command_line(running: Installation, kind: str) -> None:
    token = machine_token(running)
    claims = claims_of(token)
    assert call(running, token).status_code == 200
    if kind == "key":
        watchword(running, "keys", "compromise", kid_of(token), "--yes")
    else:
        watchword(running, "revoke", kind, claims["jti"] if kind == "token" else claims["client_id"])
    is_refused_in_time(running, token)
    assert call(running, machine_token(running)).status_code == 200, "a new one is good"


def test_a_user_who_is_disabled_is_out(running: Installation, alice: Person) -> None:
    name, password = f"bob-{secrets.token_hex(4)}", "bob-password-of-the-tests"
    watchword(running, "user", "add", f"{name}@example.com", "--username", name, "--password-file", "-", stdin=password)
    bob = Person(name, password)
    try:
        theirs, hers = person_token(running, bob), person_token(running, alice)
    finally:
        bob.close()
    assert [call(running, token).status_code for token in (theirs, hers)] == [200, 200]
    watchword(running, "user", "disable", name)
    is_refused_in_time(running, theirs)
    assert call(running, hers).status_code == 200


def test_what_was_withdrawn_stays_so_when_the_issuer_is_started_again(directory: Path) -> None:
    """And an issuer that pushes, even to somebody who does not go away, stops at once."""
    ports = ("--port", str(block("up") + 4), "--demo-port", str(block("up") + 5))
    up = start(directory, *ports)
    try:
        token = machine_token(up)
        assert call(up, token).status_code == 200
        pair = (up.ready["client_id"], up.ready["client_secret"])
        httpx2.post(f"{up.issuer}/revoke", data={"token": token}, auth=pair, trust_env=False)
        is_refused_in_time(up, token)
        snapshot = claims_of(httpx2.get(f"{up.issuer}/revocation/snapshot", trust_env=False).text)
        headers = {"last-event-id": f"{snapshot['journal_id']}:{snapshot['seq']}"}
        with httpx2.stream("GET", f"{up.issuer}/revocation/events", headers=headers, trust_env=False) as events:
            pieces = events.iter_text()
            assert next(pieces) == "retry: 1000\n\n"
            assert up.stop() == 0, up.output()
            assert "".join(pieces).count("event: reset") == 0, "it ends as a stream does, and is not cut"
    finally:
        up.stop()
    assert "graceful shutdown exceeded" not in (up.directory / "data" / "issuer.log").read_text()
    up = start(directory, *ports)
    try:
        answer = call(up, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    finally:
        assert up.stop() == 0, up.output()
