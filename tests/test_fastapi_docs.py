"""The interactive documentation of a guarded application: security scheme and pages, with and without the issuer."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from anyio import create_task_group, run
from anyio.lowlevel import checkpoint
from fastapi import FastAPI, Security
from fastapi.testclient import TestClient

from watchword.clock import SettableClock
from watchword.fastapi import Guard, sign_in_endpoints
from watchword.fetch import InProcessAnswer, InProcessRequest, aget_json, danger_answer_in_process
from watchword.verify import TrustedIssuer, VerifiedClaims, VerifierSettingsError

ISSUER = "https://auth.example.com"
API = "https://api.example.com"
METADATA = {
    "issuer": ISSUER,
    "jwks_uri": ISSUER + "/jwks",
    "authorization_endpoint": ISSUER + "/authorize",
    "token_endpoint": ISSUER + "/token",
}
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token of " + ISSUER}


class Published:
    """What the issuer answers, and how often it was asked."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] | None = METADATA
        self.asked = 0

    def answer(self, request: InProcessRequest) -> InProcessAnswer:
        assert request.path == "/.well-known/openid-configuration"
        self.asked += 1
        if self.metadata is None:
            raise ConnectionRefusedError
        return InProcessAnswer(200, {"content-type": "application/json"}, json.dumps(self.metadata).encode())


@pytest.fixture
def published() -> Iterator[Published]:
    published = Published()
    with danger_answer_in_process(ISSUER, published.answer):
        yield published


def documented(clock: SettableClock, *, sign_in: dict[str, Any] | None = None, **options: Any) -> FastAPI:
    """An API whose documentation signs people in; routes are added afterwards, as applications do."""
    options = {"issuer": ISSUER, "revocation": "off", **options}
    guard = Guard(audience=API, clock=clock, **options)
    app = FastAPI(title="Orders")
    guard.sign_in_from_docs(app, client_id="orders-docs", **(sign_in or {}))

    @app.get("/orders")
    async def read(caller: Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]) -> str:
        return caller.sub

    @app.post("/orders")
    async def write(
        caller: Annotated[VerifiedClaims, Security(guard.requires(roles=["staff"]), scopes=["orders:write"])],
    ) -> str:
        return caller.sub

    return app


def scheme(app: FastAPI) -> Any:
    answer = TestClient(app).get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()["components"]["securitySchemes"]["watchword"]


def test_the_scheme_is_a_sign_in_with_the_scopes_that_the_operations_need(
    published: Published, clock: SettableClock
) -> None:
    app = documented(clock)
    assert scheme(app)["type"] == "oauth2"
    assert scheme(app)["flows"] == {
        "authorizationCode": {
            "authorizationUrl": f"{ISSUER}/authorize?resource=https%3A%2F%2Fapi.example.com",
            "tokenUrl": f"{ISSUER}/token",
            "scopes": {"orders:read": "", "orders:write": ""},
        }
    }
    paths = TestClient(app).get("/openapi.json").json()["paths"]
    assert paths["/orders"]["get"]["security"] == [{"watchword": ["orders:read"]}]
    assert paths["/orders"]["post"]["security"] == [{"watchword": ["orders:write"]}]
    assert published.asked == 1


def test_without_being_asked_the_documentation_takes_a_token_and_nobody_is_fetched(
    published: Published, clock: SettableClock
) -> None:
    guard = Guard(issuer=ISSUER, audience=API, clock=clock, revocation="off")
    app = FastAPI()

    @app.get("/orders")
    async def read(caller: Annotated[VerifiedClaims, Security(guard)]) -> str:
        return caller.sub

    assert scheme(app) == BEARER
    assert published.asked == 0


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"issuer": ISSUER},
        {**METADATA, "issuer": "https://other.example.com"},
        {**METADATA, "authorization_endpoint": "javascript:alert(1)//"},
        {**METADATA, "token_endpoint": "http://auth.example.com/token"},
        {**METADATA, "token_endpoint": 1},
    ],
    ids=["away", "no endpoints", "of another issuer", "a script", "plain http", "a number"],
)
def test_an_issuer_that_cannot_be_used_leaves_a_field_for_a_token(
    published: Published, clock: SettableClock, metadata: dict[str, Any] | None
) -> None:
    published.metadata = metadata
    app = documented(clock)
    assert (scheme(app), scheme(app), published.asked) == (BEARER, BEARER, 1)
    published.metadata = METADATA
    assert scheme(app) == BEARER
    clock.advance(30)
    assert scheme(app)["type"] == "oauth2"
    assert published.asked == 2


def test_many_readers_at_once_ask_the_issuer_once(
    published: Published, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(url: str, **options: Any) -> Any:
        await checkpoint()  # what answers in this process does so at once
        return await aget_json(url, **options)

    monkeypatch.setattr(sign_in_endpoints, "aget_json", slow)
    app = documented(clock)
    answers: list[Any] = []

    async def read() -> None:
        async def receive() -> Any:
            raise AssertionError

        async def send(message: Any) -> None:
            answers.append(message.get("status"))

        await app({"type": "http", "method": "GET", "path": "/openapi.json", "headers": []}, receive, send)

    async def read_all() -> None:
        async with create_task_group() as group:
            for _ in range(10):
                group.start_soon(read)

    run(read_all)
    assert answers.count(200) == 10
    assert published.asked == 1


def test_an_application_without_guarded_routes_is_documented_all_the_same(
    published: Published, clock: SettableClock
) -> None:
    app = FastAPI()
    Guard(issuer=ISSUER, audience=API, clock=clock).sign_in_from_docs(app, client_id="orders-docs")
    answer = TestClient(app).get("/openapi.json")
    assert (answer.status_code, answer.json()["paths"]) == (200, {})
    assert "components" not in answer.json()


def test_the_document_itself_never_waits_for_the_issuer(published: Published, clock: SettableClock) -> None:
    """It may be written to a file by a build, or asked for on an event loop."""
    app = documented(clock)
    assert app.openapi()["components"]["securitySchemes"]["watchword"] == BEARER
    assert published.asked == 0
    scheme(app)
    assert app.openapi()["components"]["securitySchemes"]["watchword"]["type"] == "oauth2"


@pytest.mark.parametrize(
    ("parameters", "url"),
    [({}, "/authorize"), ({"audience": "a b", "prompt": "login"}, "/authorize?audience=a+b&prompt=login")],
)
def test_other_issuers_are_told_otherwise_for_which_api(
    published: Published, clock: SettableClock, parameters: dict[str, str], url: str
) -> None:
    app = documented(clock, sign_in={"parameters": parameters})
    assert scheme(app)["flows"]["authorizationCode"]["authorizationUrl"] == ISSUER + url


def test_of_several_issuers_the_first_signs_in(published: Published, clock: SettableClock) -> None:
    issuers = [TrustedIssuer(issuer=ISSUER), TrustedIssuer(issuer="https://other.example.com")]
    guard = Guard(issuers=issuers, audience=API, clock=clock, revocation="off")
    app = FastAPI()
    guard.sign_in_from_docs(app, client_id="orders-docs")

    @app.get("/orders")
    async def read(caller: Annotated[VerifiedClaims, Security(guard)]) -> str:
        return caller.sub

    assert scheme(app)["type"] == "oauth2"


def test_an_issuer_is_asked_where_it_is_and_browsers_go_where_it_says(clock: SettableClock) -> None:
    """A name is not an address: within a container network the issuer has another."""
    published = Published()
    with danger_answer_in_process("http://issuer:8400", published.answer):
        app = documented(
            clock, metadata_url="http://issuer:8400/.well-known/openid-configuration", danger_allow_http=True
        )
        assert scheme(app)["flows"]["authorizationCode"]["tokenUrl"] == ISSUER + "/token"


def page_of(app: FastAPI) -> str:
    answer = TestClient(app).get("/docs")
    assert answer.status_code == 200
    return answer.text


def test_the_page_signs_in_with_pkce_and_all_scopes(published: Published, clock: SettableClock) -> None:
    text = page_of(documented(clock))
    found = re.search(r"ui\.initOAuth\((.*)\)", text)
    assert found is not None
    assert json.loads(found[1]) == {
        "clientId": "orders-docs",
        "usePkceWithAuthorizationCodeGrant": True,
        "scopes": ["orders:read", "orders:write"],
    }
    assert "oauth2RedirectUrl: window.location.origin + '/docs/oauth2-redirect'" in text
    assert text.count("</body>") == 1


def test_the_page_loads_swagger_ui_from_where_it_is_told(published: Published, clock: SettableClock) -> None:
    assets = {"swagger_js_url": "/own.js", "swagger_css_url": "/own.css", "swagger_favicon_url": "/own.svg"}
    text = page_of(documented(clock, sign_in=assets))
    assert [name for name in assets.values() if f'"{name}"' not in text] == []
    assert "https://" not in text.replace(ISSUER, "").replace(API, "")


def test_what_the_application_configured_stays(published: Published, clock: SettableClock) -> None:
    guard = Guard(issuer=ISSUER, audience=API, clock=clock)
    app = FastAPI(
        docs_url="/help",
        openapi_url="/api.json",
        swagger_ui_oauth2_redirect_url="/help/back",
        swagger_ui_init_oauth={"appName": "Own"},
        swagger_ui_parameters={"deepLinking": False},
    )
    guard.sign_in_from_docs(app, client_id="orders-docs")
    client = TestClient(app, root_path="/v1")
    text = client.get("/v1/help").text
    for part in ("url: '/v1/api.json'", "'/v1/help/back'", '"appName": "Own"', '"deepLinking": false'):
        assert part in text
    assert client.get("/v1/api.json").json()["servers"] == [{"url": "/v1"}]
    assert "Begin the sign-in" in client.get("/v1/help/back").text


def test_an_application_without_pages_of_its_own_gets_one(published: Published, clock: SettableClock) -> None:
    app = FastAPI(docs_url=None)
    Guard(issuer=ISSUER, audience=API, clock=clock).sign_in_from_docs(app, client_id="orders-docs")
    assert "orders-docs" in page_of(app)


@pytest.mark.parametrize("without", ["openapi_url", "swagger_ui_oauth2_redirect_url"])
def test_without_a_document_or_a_way_back_there_is_no_sign_in(clock: SettableClock, without: str) -> None:
    guard = Guard(issuer=ISSUER, audience=API, clock=clock)
    options: dict[str, Any] = {without: None}
    with pytest.raises(ValueError, match="OpenAPI document"):
        guard.sign_in_from_docs(FastAPI(**options), client_id="orders-docs")


def test_an_issuer_that_is_never_asked_over_plain_http_is_found_at_once(clock: SettableClock) -> None:
    guard = Guard(issuer="http://auth.example.com", audience=API, jwks_url="https://auth.example.com/jwks", clock=clock)
    with pytest.raises(VerifierSettingsError):
        guard.sign_in_from_docs(FastAPI(), client_id="orders-docs")


def test_the_page_that_the_issuer_sends_back_to_runs_its_own_script_only(
    published: Published, clock: SettableClock
) -> None:
    """It has a code in its address: no other script, no referrer, no frame, no copy in a cache."""
    answer = TestClient(documented(clock)).get("/docs/oauth2-redirect?code=canary&state=canary")
    assert "canary" not in answer.text
    [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy == f"default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
