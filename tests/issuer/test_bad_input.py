"""Every endpoint, every way to ask wrongly: the right error, a correlation id, and nothing made or changed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from sqlalchemy import Connection, func, select
from starlette.routing import Route
from tests.issuer.issuing import World, client_of

from watchword.admin.desk import AdminDesk
from watchword.console.routes import ROUTES as CONSOLE
from watchword.issuer.app import ENDPOINTS, create_app
from watchword.issuer.edge.body import MAX_BODY
from watchword.issuer.interaction.routes import ROUTES as PAGES
from watchword.store.tables import metadata

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FORM = "application/x-www-form-urlencoded"
CANARY = "canary-c0ffee"
ALL = [(route.path, set(route.methods or ())) for route in (*ENDPOINTS, *PAGES, *CONSOLE) if isinstance(route, Route)]
POSTS = sorted({path for path, methods in ALL if "POST" in methods})
PATHS = sorted({path for path, _ in ALL})
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "OPTIONS")
# What everybody gets alike; a poll without its parameters is an error.
PUBLIC_DOCUMENTS = ("/jwks", "/revocation/jwks", "/revocation/snapshot", "/revocation/pages", "/status-lists")
MACHINE_POSTS = ("/token", "/introspect", "/revoke")

# Rows that a mere visit may leave: a stranger's authorization request waits to be continued, failures are counted.
KEPT_BY_DESIGN = {"authorization_requests", "login_throttle"}


@dataclass
class Sweep:
    http: httpx2.AsyncClient
    world: World

    async def rows(self) -> dict[str, int]:
        def count(connection: Connection) -> dict[str, int]:
            tables = [table for table in metadata.sorted_tables if table.name not in KEPT_BY_DESIGN]
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
            }

        return await self.world.issuer.store.read(count)

    async def ask(self, method: str, path: str, **options: object) -> httpx2.Response:
        """Ask, and hold the answer to what every answer must be."""
        answer = await self.http.request(method, path, **options)  # type: ignore[arg-type]  # headers, content, data
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        assert answer.headers["x-correlation-id"]
        assert CANARY not in answer.text
        assert CANARY not in answer.headers.get("location", "")
        assert "Traceback" not in answer.text
        if (
            method != "HEAD"
            and answer.status_code >= 400
            and answer.headers.get("content-type", "").startswith("application/json")
        ):
            body = answer.json()
            assert body["correlation_id"] == answer.headers["x-correlation-id"]
            assert body["error"]
            assert body["error_description"].isascii()
        return answer


@pytest.fixture
async def sweep(world: World) -> AsyncIterator[Sweep]:
    issuer = world.issuer
    application = create_app(issuer, routes=CONSOLE)
    application.state.desk = AdminDesk(
        store=issuer.store, clock=issuer.clock, passwords=issuer.passwords, keys=issuer.keys, settings=issuer.settings
    )
    async with client_of(application) as http:
        made = Sweep(http, world)
        before = await made.rows()
        yield made
        assert await made.rows() == before, "a bad request left something behind"


@pytest.mark.parametrize("path", POSTS)
async def test_oversized_bodies(sweep: Sweep, path: str) -> None:
    for content in (b"a=" + b"x" * MAX_BODY, b"x" * (MAX_BODY + 1)):
        answer = await sweep.ask("POST", path, content=content, headers={"Content-Type": FORM})
        assert answer.status_code == 413


@pytest.mark.parametrize("path", POSTS)
async def test_o10_duplicated_parameters(sweep: Sweep, path: str) -> None:
    names = ("grant_type", "client_id", "token", "username", "csrf_token", "flow", "email", "id_token_hint", "state")
    for name in names:
        body = f"{name}=a&{name}={CANARY}"
        answer = await sweep.ask("POST", path, content=body.encode(), headers={"Content-Type": FORM})
        assert 400 <= answer.status_code < 500, f"{name}: {answer.status_code}"


@pytest.mark.parametrize("path", POSTS)
async def test_wrong_content_types(sweep: Sweep, path: str) -> None:
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", "", "application/xml"):
        headers = {"Content-Type": kind} if kind else {}
        answer = await sweep.ask("POST", path, content=json.dumps({"token": CANARY}).encode(), headers=headers)
        assert 400 <= answer.status_code < 500, f"{kind}: {answer.status_code}"


@pytest.mark.parametrize("path", POSTS)
async def test_malformed_bodies(sweep: Sweep, path: str) -> None:
    bodies = (b"a=%", b"a=%ff", b"\xff\xfe", b"a=%00", b"&".join(b"f%d=1" % n for n in range(100)))
    for body in bodies:
        answer = await sweep.ask("POST", path, content=body, headers={"Content-Type": FORM})
        assert 400 <= answer.status_code < 500, f"{body[:20]!r}: {answer.status_code}"


@pytest.mark.parametrize("path", MACHINE_POSTS)
async def test_o36_unauthenticated_clients(sweep: Sweep, path: str) -> None:
    form = {"grant_type": "client_credentials", "token": CANARY}
    tries: list[dict[str, object]] = [
        {"data": form},
        {"data": form, "auth": ("nobody", CANARY)},
        {"data": form, "headers": {"Authorization": "Basic %%%"}},
        {"data": form, "headers": {"Authorization": "Basic " + "A" * 4000}},
        {"data": form, "headers": {"Authorization": f"Bearer {CANARY}"}},
        {"data": {**form, "client_id": "nobody", "client_secret": CANARY}},
        {"data": {**form, "client_id": "nobody"}},
    ]
    for options in tries:
        answer = await sweep.ask("POST", path, **options)
        assert answer.status_code in {400, 401}
        assert answer.json()["error"] in {"invalid_client", "invalid_request"}
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Bearer {CANARY}", "Bearer a.b.c", "bearer " + "x" * 9000]
)
async def test_unauthenticated_userinfo(sweep: Sweep, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = await sweep.ask("GET", "/userinfo", headers=headers)
    assert answer.status_code in {400, 401}
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PATHS)
async def test_o10_wrong_methods_have_no_effect(sweep: Sweep, path: str) -> None:
    allowed = {method for route, methods in ALL for method in methods if route == path}
    for verb in VERBS:
        if verb in allowed:
            continue
        answer = await sweep.ask(verb, path, content=b"token=a", headers={"Content-Type": FORM})
        assert answer.status_code == 405, f"{verb} {path}: {answer.status_code}"
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed


@pytest.mark.parametrize("path", PATHS)
async def test_o67_hostile_names_get_nothing(sweep: Sweep, path: str) -> None:
    if path in {"/healthz", "/readyz"}:
        plain = await sweep.ask("GET", path)
        other = await sweep.ask("GET", path, headers={"Host": "evil.example"})
        assert plain.content == other.content
        return
    answer = await sweep.ask("GET", path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 421
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/login"])
async def test_o67_forwarded_names_change_no_byte(sweep: Sweep, path: str) -> None:
    plain = await sweep.ask("GET", path)
    forged = await sweep.ask(
        "GET",
        path,
        headers={
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "gopher",
            "Forwarded": "host=evil.example",
            "X-Original-URL": "/evil",
        },
    )
    assert "evil" not in forged.text
    if path != "/login":
        assert plain.content == forged.content


@pytest.mark.parametrize(
    "query",
    [
        "",
        "client_id=",
        f"client_id={CANARY}",
        "client_id=a&client_id=b",
        "client_id=%ff",
        "response_type=code",
        "flow=" + "x" * 300,
        "flow=%00",
        "&".join(f"f{n}=1" for n in range(100)),
    ],
)
async def test_o02_authorization_requests_that_lead_nowhere(sweep: Sweep, query: str) -> None:
    answer = await sweep.ask("GET", f"/authorize?{query}", headers={"Accept": "text/html"})
    assert answer.status_code in {400, 404, 410}
    assert "location" not in answer.headers
    assert "error" in answer.text.lower()


async def test_a_long_url_is_answered(sweep: Sweep) -> None:
    answer = await sweep.ask("GET", "/authorize?state=" + "x" * 60_000)
    assert 400 <= answer.status_code < 500


async def test_unknown_paths(sweep: Sweep) -> None:
    for path in ("/nothing", "/token/", "/static/../pyproject.toml", "/static/%2e%2e/app.py", f"/{CANARY}", "//token"):
        answer = await sweep.ask("GET", path)
        assert answer.status_code in {404, 405}, path


async def test_o12_every_page_forbids_framing_and_caching(sweep: Sweep) -> None:
    for path in PATHS:
        answer = await sweep.ask("GET", path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        cacheable = path.startswith("/.well-known") or path in PUBLIC_DOCUMENTS
        assert ("no-store" in answer.headers["cache-control"]) is not cacheable, path


def test_the_sweep_sees_every_route() -> None:
    assert {"/token", "/authorize", "/login", "/consent", "/logout", "/setup", "/console"} <= set(PATHS)
