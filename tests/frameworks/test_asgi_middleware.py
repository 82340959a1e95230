"""The ASGI middleware beside what all frameworks do: public paths, optional tokens, metadata, other kinds of scope."""

import asyncio
import base64
import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from tests.frameworks.protected_api import API, ISSUER, protected
from tests.frameworks.tokens import bound, proof, token

from watchword.asgi import ProtectMiddleware
from watchword.clock import SettableClock
from watchword.starlette import Guard
from watchword.verify import VerifierSettingsError
from watchword.verify.asgi_websocket import Message, Receive, Scope, Send
from watchword.verify.certificate import certificate_thumbprint
from watchword.verify.sender import SenderPolicy


async def tell(request: Request) -> JSONResponse:
    claims = request.state.claims
    return JSONResponse({"sub": claims and claims.sub})


def client(clock: SettableClock, **options: Any) -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", tell, methods=["GET", "POST", "OPTIONS"])])
    return TestClient(ProtectMiddleware(app, **protected(clock, **options)))


def bearer(text: str | None = None) -> dict[str, str]:
    return {"Authorization": "Bearer " + (text or token())}


def test_public_paths_need_no_token_and_have_no_claims(clock: SettableClock) -> None:
    api = client(clock, public=["/healthz", "/static/*"])
    assert api.get("/healthz").json() == {"sub": None}
    assert api.get("/healthz", headers=bearer()).json() == {"sub": None}
    assert api.get("/static/app.js").status_code == 200
    for path in ("/orders", "/healthz/", "/static/%2e%2e/orders", "/static/..%2forders", "//healthz"):
        assert api.get(path).status_code == 401, path


def test_public_paths_are_those_of_the_application_wherever_it_is_mounted(clock: SettableClock) -> None:
    inner = ProtectMiddleware(Starlette(routes=[Route("/{path:path}", tell)]), public=["/healthz"], **protected(clock))
    api = TestClient(Starlette(routes=[Mount("/v1", app=inner)]))
    assert api.get("/v1/healthz").status_code == 200
    assert api.get("/v1/orders").status_code == 401


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "HEAD", "TRACE", "PURGE"])
def test_o102_no_method_passes_without_a_token(clock: SettableClock, method: str) -> None:
    assert client(clock).request(method, "/orders").status_code == 401


def test_an_optional_token_may_be_missing_but_not_bad(clock: SettableClock) -> None:
    api = client(clock, optional=True, scopes=["orders:read"])
    assert api.get("/orders").json() == {"sub": None}
    assert api.get("/orders", headers=bearer()).json() == {"sub": "user-1"}
    assert api.get("/orders", headers=bearer("a.b.c")).status_code == 401
    assert api.get("/orders", headers=bearer(token(scope="other"))).status_code == 403


def test_the_metadata_says_who_issues_tokens_and_the_challenge_where_it_lies(clock: SettableClock) -> None:
    """RFC 9728 sections 3 and 5.1."""
    api = client(clock, metadata=["orders:read"], audience=API + "/v1")
    answer = api.get("/.well-known/oauth-protected-resource/v1")
    assert answer.json() == {
        "resource": API + "/v1",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["orders:read"],
    }
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert api.head("/.well-known/oauth-protected-resource/v1").text == ""
    assert api.post("/.well-known/oauth-protected-resource/v1").status_code == 401
    challenge = api.get("/orders").headers["www-authenticate"]
    assert f'resource_metadata="{API}/.well-known/oauth-protected-resource/v1"' in challenge
    assert client(clock).get("/.well-known/oauth-protected-resource").status_code == 401


def test_metadata_needs_an_audience_that_is_a_url(clock: SettableClock) -> None:
    with pytest.raises(ValueError, match="not a URL"):
        client(clock, metadata=True, audience="orders")


@pytest.mark.parametrize("options", [{"issuer": ""}, {"audience": ()}, {"leeway": 999}])
def test_options_that_make_no_sense_are_found_at_construction(clock: SettableClock, options: dict[str, Any]) -> None:
    with pytest.raises(VerifierSettingsError):
        client(clock, **options)


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "reached"})


def run(app: Any, scope: Scope) -> list[str]:
    """The kinds of messages that ``app`` sends."""
    sent: list[str] = []

    async def receive() -> Message:
        return {"type": "nothing"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    asyncio.run(app(scope, receive, send))
    return sent


def test_the_lifespan_passes(clock: SettableClock) -> None:
    assert run(ProtectMiddleware(nothing, **protected(clock)), {"type": "lifespan"}) == ["reached"]


def test_o102_a_kind_of_request_that_is_not_known_does_not_pass(clock: SettableClock) -> None:
    with pytest.raises(RuntimeError):
        run(ProtectMiddleware(nothing, **protected(clock)), {"type": "webtransport", "path": "/"})


def test_claims_of_a_request_never_show_in_the_next(clock: SettableClock) -> None:
    """The server hands each request a copy of the lifespan's state."""
    api = client(clock, public=["/healthz"])
    for _ in range(3):
        assert api.get("/orders", headers=bearer()).json() == {"sub": "user-1"}
        assert api.get("/healthz").json() == {"sub": None}


def starlette_app(guard: Guard) -> Starlette:
    from starlette.authentication import requires

    @requires("orders:read")
    async def own(request: Request) -> JSONResponse:
        return JSONResponse({"user": request.user.display_name, "scopes": request.auth.scopes})

    async def open_to_all(request: Request) -> JSONResponse:
        return JSONResponse({"signed_in": request.user.is_authenticated})

    routes = [
        Route("/own", own),
        Route("/open", open_to_all),
        Route("/guarded", guard.requires(scopes=["orders:read"])(own)),
        guard.metadata_route(scopes=["orders:read"]),
    ]
    return Starlette(routes=routes, middleware=[guard.authentication()])


def test_starlettes_own_decorator_sees_the_tokens_scopes(clock: SettableClock) -> None:
    api = TestClient(starlette_app(Guard(**protected(clock))))
    assert api.get("/own", headers=bearer()).json() == {
        "user": "user-1",
        "scopes": ["authenticated", "orders:read"],
    }
    assert api.get("/own", headers=bearer(token(scope="other"))).status_code == 403
    assert api.get("/open").json() == {"signed_in": False}
    bad = api.get("/open", headers=bearer("a.b.c"))
    assert (bad.status_code, bad.json()["code"]) == (401, "token_malformed")
    assert bad.headers["www-authenticate"].startswith(f'Bearer realm="{API}", error="invalid_token"')
    assert api.get("/.well-known/oauth-protected-resource").json()["resource"] == API


def test_o40_two_layers_of_one_guard_spend_a_proof_once(clock: SettableClock) -> None:
    api = TestClient(starlette_app(Guard(**protected(clock))))
    text = bound()
    headers = {"Authorization": "DPoP " + text, "DPoP": proof(text, "GET /guarded")}
    assert api.get("/guarded", headers=headers).status_code == 200
    assert api.get("/guarded", headers=headers).status_code == 401


def test_a_decorator_that_was_not_called_is_found_at_once(clock: SettableClock) -> None:
    with pytest.raises(TypeError, match="needs its"):
        Guard(**protected(clock)).requires(tell)  # type: ignore[arg-type]


def test_a_guard_may_refuse_in_its_own_form(clock: SettableClock) -> None:
    class Own(Guard):
        def answer(self, refusal: Any) -> JSONResponse:
            return JSONResponse({"because": refusal.cause.code}, status_code=418)

    app = Starlette(routes=[Route("/", Own(**protected(clock)).requires()(tell))])
    answer = TestClient(app).get("/")
    assert (answer.status_code, json.loads(answer.text)) == (418, {"because": "token_missing"})


def test_o46_a_token_that_is_bound_to_a_certificate_passes_with_it(clock: SettableClock) -> None:
    """From the connection itself, and by the header of a proxy that was named; the quick way must not miss them."""
    der = b"\x30\x03\x02\x01\x01"
    text = token(cnf={"x5t#S256": certificate_thumbprint(der)})
    named = client(clock, sender=SenderPolicy(danger_certificate_header="Client-Cert"))
    by_header = ":" + base64.b64encode(der).decode() + ":"
    assert named.get("/orders", headers=bearer(text)).status_code == 401
    assert named.get("/orders", headers={**bearer(text), "Client-Cert": by_header}).status_code == 200
    assert client(clock).get("/orders", headers={**bearer(text), "Client-Cert": by_header}).status_code == 401

    app = ProtectMiddleware(nothing, **protected(clock))
    headers = [(b"authorization", b"Bearer " + text.encode())]
    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    assert run(app, {**scope, "extensions": {"tls_client_certificate": der}}) == ["reached"]
    assert run(app, scope) == ["http.response.start", "http.response.body"]
