"""What happens to a request before any endpoint: names, sizes, headers, origins and the last resort."""

import json
import logging
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from watchword.clock import SettableClock
from watchword.issuer.edge.answering import Answering
from watchword.issuer.edge.body import MAX_BODY, Body
from watchword.issuer.edge.cors import CrossOrigin
from watchword.issuer.edge.headers import SecurityHeaders
from watchword.issuer.edge.hosts import Hosts

CANARY = "canary-7f3a"
APP_ORIGIN = "https://spa.example.com"


async def echo(request: Request) -> Response:
    return PlainTextResponse((await request.body()).decode())


async def own_policy(request: Request) -> Response:
    return PlainTextResponse("x", headers={"Content-Security-Policy": "default-src 'self'", "Cache-Control": "public"})


async def fails(request: Request) -> Response:
    raise ValueError(f"cannot use {CANARY}")


async def registered_origins() -> frozenset[str]:
    return frozenset({APP_ORIGIN})


def application() -> Starlette:
    return Starlette(
        routes=[
            Route("/token", echo, methods=["POST"]),
            Route("/jwks", own_policy),
            Route("/fails/{name}", fails),
            Route("/healthz", echo),
        ],
        middleware=[
            Middleware(SecurityHeaders, local=False),
            Middleware(Answering, clock=SettableClock(0)),
            Middleware(Hosts, hosts=frozenset({"auth.example.com"}), open_paths=frozenset({"/healthz"})),
            Middleware(
                CrossOrigin,
                public=frozenset({"/jwks"}),
                registered=frozenset({"/token"}),
                origins=registered_origins,
            ),
            Middleware(Body),
        ],
    )


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(application(), base_url="http://auth.example.com") as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "auth.example.com.evil.example", "auth.example.com:80", "", "a b"])
def test_o67_another_name_is_not_answered(client: TestClient, host: str) -> None:
    answer = client.post("/token", headers={"Host": host}, content=b"x")
    assert answer.status_code == 421
    assert host not in answer.text or host == ""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_o67_two_host_headers_are_not_answered(client: TestClient) -> None:
    headers = [("Host", "auth.example.com"), ("Host", "auth.example.com")]
    assert client.post("/token", headers=headers, content=b"x").status_code == 421


def test_the_name_is_compared_without_case(client: TestClient) -> None:
    assert client.post("/token", headers={"Host": "AUTH.example.com"}, content=b"x").status_code == 200


def test_r55_bodies_up_to_the_limit_pass_and_larger_ones_do_not(client: TestClient) -> None:
    assert client.post("/token", content=b"x" * MAX_BODY).text == "x" * MAX_BODY
    announced = client.post("/token", content=b"x" * (MAX_BODY + 1))
    chunked = client.post("/token", content=iter([b"x" * MAX_BODY, b"x"]))
    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert announced.headers["connection"] == "close"


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 30, "0x10"])
def test_r55_a_senseless_length_is_refused(client: TestClient, length: str) -> None:
    assert client.post("/token", content=b"x", headers={"Content-Length": length}).status_code == 413


def test_r55_encoded_bodies_are_refused(client: TestClient) -> None:
    assert client.post("/token", content=b"x", headers={"Content-Encoding": "gzip"}).status_code == 415


def test_o12_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for answer in (client.post("/token", content=b"x"), client.get("/missing"), client.get("/fails/a")):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "max-age" in answer.headers["strict-transport-security"]
        assert len(answer.headers["x-correlation-id"]) == 16


def test_an_endpoint_keeps_the_headers_it_chose(client: TestClient) -> None:
    answer = client.get("/jwks")
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert answer.headers["cache-control"] == "public"


def test_o82_what_nobody_caught_tells_only_its_number(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = client.get(f"/fails/{CANARY}?token={CANARY}")
    assert answer.status_code == 500
    body = json.loads(answer.text)
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    logged = [vars(record) for record in caplog.records if record.name.startswith("watchword")]
    assert CANARY not in answer.text + str(logged)
    assert any("fails" in str(entry.get("exception")) for entry in logged)
    assert any(entry.get("route") == "/fails/{name}" and entry.get("status") == 500 for entry in logged)


def test_a_correlation_id_is_never_the_clients(client: TestClient) -> None:
    assert client.get("/jwks", headers={"X-Correlation-Id": CANARY}).headers["x-correlation-id"] != CANARY


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://spa.example.com", APP_ORIGIN + ":444"])
def test_o68_pages_of_unknown_origins_may_not_read(client: TestClient, origin: str) -> None:
    answer = client.post("/token", content=b"x", headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers
    preflight = client.options("/token", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in preflight.headers


def test_o68_pages_of_registered_origins_may_without_credentials(client: TestClient) -> None:
    answer = client.post("/token", content=b"x", headers={"Origin": APP_ORIGIN})
    assert answer.headers["access-control-allow-origin"] == APP_ORIGIN
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers
    preflight = client.options("/token", headers={"Origin": APP_ORIGIN, "Access-Control-Request-Method": "POST"})
    assert (preflight.status_code, preflight.headers["access-control-allow-methods"]) == (204, "GET, POST")


def test_o68_public_documents_are_for_every_page(client: TestClient) -> None:
    assert client.get("/jwks", headers={"Origin": "null"}).headers["access-control-allow-origin"] == "*"


def test_o68_other_paths_are_for_none(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"Origin": APP_ORIGIN})
    assert "access-control-allow-origin" not in answer.headers
