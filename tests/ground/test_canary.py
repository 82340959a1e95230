"""G11, O80 to O84: what goes in as a secret comes out nowhere; every form is looked for."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from tests.e2e import installation
from tests.ground.canary import forms, new_canary, scan

INPUTS = (
    "password", "client-secret", "authorization-code", "code-verifier", "refresh-token", "access-token",
    "token-to-revoke", "token-to-inspect", "cookie", "csrf-token", "query-token", "assertion", "hint", "path",
    "setup-token",
)  # fmt: skip

WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: f"token={secret};",
    "url": lambda secret: f"GET /?t={urllib.parse.quote(secret, safe='')} HTTP/1.1",
    "form": lambda secret: urllib.parse.urlencode({"a": "b c", "t": secret}),
    "json": lambda secret: json.dumps({"message": secret}),
    "repr": lambda secret: repr({"message": secret}),
    "basic": lambda secret: "Basic " + base64.b64encode(f"client:{secret}".encode()).decode(),
    "basic with a longer name": lambda secret: "Basic " + base64.b64encode(f"client2:{secret}!".encode()).decode(),
    "segment": lambda secret: base64.urlsafe_b64encode(f'{{"sub":"{secret}"}}'.encode()).rstrip(b"=").decode(),
    "hex": lambda secret: secret.encode().hex(),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_leak_is_found_however_it_was_written(tmp_path: Path, writing: str) -> None:
    secret = new_canary("password")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text("before " + WRITINGS[writing](secret) + " after\n")
    assert {hit.name for hit in scan([tmp_path], {"password": secret, "other": new_canary("other")})} == {"password"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("password=; token=…\n" * 100)
    assert scan([tmp_path, tmp_path / "absent"], {name: new_canary(name) for name in INPUTS}) == []


def test_forms_are_long_enough_to_mean_something() -> None:
    assert all(len(form) >= 30 for form in forms(new_canary("x")).values())


@pytest.fixture(scope="module")
def canaries() -> dict[str, str]:
    return {name: new_canary(name) for name in INPUTS} | {"admin-password": new_canary("admin-password")}


@pytest.fixture(scope="module")
def running(canaries: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[installation.Installation]:
    directory = tmp_path_factory.mktemp("canary")
    password_file = directory / "admin-password"
    password_file.write_text(canaries["admin-password"])
    password_file.chmod(0o600)
    environment = {
        "WATCHWORD_ADMIN_EMAIL": "admin@example.com",
        "WATCHWORD_ADMIN_PASSWORD_FILE": str(password_file),
    }
    started = installation.start(directory, environment=environment)
    password_file.unlink()
    yield started
    started.stop()


def play(issuer: str, api: str, client_id: str, secret: dict[str, str]) -> Iterator[httpx2.Response]:
    """Send every canary to every place that takes a secret of its kind, rightly and wrongly."""
    public = "watchword"
    with httpx2.Client(trust_env=False, follow_redirects=False, timeout=20) as browser:
        basic = httpx2.BasicAuth(client_id, secret["client-secret"])
        posted = {"client_id": client_id, "client_secret": secret["client-secret"]}
        code = {"grant_type": "authorization_code", "code": secret["authorization-code"]}
        code |= {"code_verifier": secret["code-verifier"], "redirect_uri": "http://127.0.0.1/callback"}
        refresh = {"grant_type": "refresh_token", "refresh_token": secret["refresh-token"]}
        assertion = {"grant_type": "urn:x", "assertion": secret["assertion"], "client_assertion": secret["assertion"]}
        for form in (code, refresh, assertion, {"grant_type": "client_credentials"}):
            yield browser.post(f"{issuer}/token", data=form, auth=basic)
            yield browser.post(f"{issuer}/token", data=form | posted)
            yield browser.post(f"{issuer}/token", data=form | {"client_id": public})
            yield browser.post(f"{issuer}/token", content=f"{form}".encode())
            yield browser.get(f"{issuer}/token", params=form)
        for path, name in (("introspect", "token-to-inspect"), ("revoke", "token-to-revoke")):
            yield browser.post(f"{issuer}/{path}", data={"token": secret[name]}, auth=basic)
            yield browser.post(f"{issuer}/{path}", data={"token": secret[name]})
            yield browser.get(f"{issuer}/{path}", params={"token": secret[name]})
        bearer = {"Authorization": f"Bearer {secret['access-token']}"}
        for address in (f"{issuer}/userinfo", f"{api}/orders", f"{api}/orders?access_token={secret['query-token']}"):
            yield browser.get(address, headers=bearer)
            yield browser.get(address, headers={"Authorization": secret["access-token"]})
            yield browser.post(address, headers=bearer, content=secret["access-token"].encode())
        cookies = {"Cookie": f"__Host-session={secret['cookie'].replace(chr(34), '')}"}
        for path in ("authorize", "login", "consent", "end_session", "console", "setup"):
            hints = {
                "id_token_hint": secret["hint"],
                "token": secret["setup-token"],
                "access_token": secret["query-token"],
            }
            yield browser.get(f"{issuer}/{path}", params=hints, headers=cookies)
            form = {"csrf_token": secret["csrf-token"], "username": "admin@example.com", "password": secret["password"]}
            yield browser.post(f"{issuer}/{path}", data=form | {"token": secret["setup-token"]}, headers=cookies)
            yield browser.post(f"{issuer}/{path}", json=form, headers=cookies)
        yield browser.get(f"{issuer}/{urllib.parse.quote(secret['path'])}")
        yield browser.get(f"{issuer}/reset/{urllib.parse.quote(secret['path'])}/x", headers=cookies)


@pytest.mark.slow
def test_no_secret_comes_out_anywhere(
    running: installation.Installation, canaries: dict[str, str], tmp_path: Path
) -> None:
    """Logs and the data directory after the story, and every answer in it, without a single canary."""
    issuer, api = running.issuer, running.demo_api
    for number, answer in enumerate(play(issuer, api, running.ready["client_id"], canaries)):
        assert answer.status_code != 500, answer.request.url.path
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        (tmp_path / f"{number}.answer").write_bytes(headers.encode() + b"\n\n" + answer.content)

    form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": running.ready["resource"]}
    client = (running.ready["client_id"], running.ready["client_secret"])
    with httpx2.Client(trust_env=False) as http:
        token = http.post(f"{issuer}/token", data=form, auth=client).json()["access_token"]
        http.get(f"{api}/orders", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    running.stop()

    log = (running.directory / "data" / "issuer.log").read_text()
    assert log.count('"/token"') > 20, "a log that tells nothing proves nothing"
    shown = {"issued access token": token, "its signature": token.rpartition(".")[2]}
    assert scan([tmp_path, running.log, running.directory / "data"], canaries | shown) == []
    databases = list((running.directory / "data").rglob("*.sqlite*"))
    assert databases
    assert scan(databases, {"client secret at rest": running.ready["client_secret"]}) == []
