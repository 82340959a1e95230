"""Spans as a collector gets them: whose parent is believed, what is sent along, and what a span never carries."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.server.collector import Collector, attributes_of

from watchword.clock import SystemClock
from watchword.fetch import FetchError
from watchword.fetch.address import TRUSTED
from watchword.fetch.exchange import exchange
from watchword.issuer.edge.answering import Answering
from watchword.server.tracing import Tracer

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str | None]]]:
    """A server that somebody is asked at, and the ``traceparent`` of each request."""
    seen: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("traceparent"))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/canary-path?canary=1", seen
    server.shutdown()
    server.server_close()
    thread.join()


def application(tracer: Tracer, url: str, *, trusted: tuple[str, ...]) -> TestClient:
    async def asks(request: Request) -> Response:
        answer = await exchange("GET", url, policy=TRUSTED)
        return PlainTextResponse(str(answer.status))

    async def fails(request: Request) -> Response:
        raise FetchError("canary-text", detail="canary-detail")

    middleware = [Middleware(Answering, clock=SystemClock(), spans=tracer, trusted_proxies=trusted)]
    routes = [Route("/asks/{name}", asks), Route("/fails", fails)]
    return TestClient(
        Starlette(routes=routes, middleware=middleware), raise_server_exceptions=False, client=("10.0.0.7", 1)
    )


def test_an_outbound_request_lies_in_the_span_of_the_inbound_one(
    collector: Collector, asked: tuple[str, list[str | None]]
) -> None:
    url, seen = asked
    tracer = Tracer(collector.endpoint)
    client = application(tracer, url, trusted=("10.0.0.0/8",))
    assert client.get("/asks/canary-name", headers={"traceparent": TRACEPARENT}).text == "204"
    assert client.get("/fails").status_code == 500
    tracer.close()
    spans = {span.name: span for span in collector.spans()}
    inbound, outbound = spans["GET /asks/{name}"], spans["fetch GET"]
    assert (inbound.trace_id.hex(), inbound.parent_span_id.hex()) == (TRACE, SPAN)
    assert (outbound.trace_id.hex(), outbound.parent_span_id) == (TRACE, inbound.span_id)
    assert attributes_of(outbound) == {
        "http.request.method": "GET",
        "http.response.status_code": 204,
        "server.address": "127.0.0.1",
    }
    assert seen == [f"00-{TRACE}-{outbound.span_id.hex()}-01"]
    assert attributes_of(spans["GET /fails"])["error.type"] == "server_error"
    assert not any(b"canary" in body for body in collector.bodies)


@pytest.mark.parametrize(
    ("trusted", "given"),
    [
        ((), TRACEPARENT),
        (("192.0.2.1",), TRACEPARENT),
        (("10.0.0.7",), "00-" + "0" * 32 + f"-{SPAN}-01"),
        (("10.0.0.7",), f"ff-{TRACE}-{SPAN}-01"),
        (("10.0.0.7",), f"00-{TRACE.upper()}-{SPAN}-01"),
        (("10.0.0.7",), f"{TRACEPARENT}-canary"),
        (("10.0.0.7",), ""),
    ],
)
def test_a_parent_that_cannot_be_believed_begins_a_new_trace(
    collector: Collector, asked: tuple[str, list[str | None]], trusted: tuple[str, ...], given: str
) -> None:
    tracer = Tracer(collector.endpoint)
    client = application(tracer, asked[0], trusted=trusted)
    answer = client.get("/asks/x", headers={"traceparent": given, "x-correlation-id": "0123abcd-4567"})
    assert answer.status_code == 200
    assert (answer.headers["x-correlation-id"] == "0123abcd-4567") is (trusted == ("10.0.0.7",))
    tracer.close()
    (inbound,) = [span for span in collector.spans() if span.name == "GET /asks/{name}"]
    assert inbound.trace_id.hex() != TRACE
    assert inbound.parent_span_id == b""


@pytest.mark.parametrize("given", ["short", "eyJhbGciOiJFUzI1NiJ9", "a" * 37, "0123abcd\x0b", "0123 abcd"])
def test_a_correlation_id_that_could_be_something_else_is_ours_instead(collector: Collector, given: str) -> None:
    tracer = Tracer(collector.endpoint)
    client = application(tracer, "http://127.0.0.1:1", trusted=("10.0.0.7",))
    answer = client.get("/fails", headers={"x-correlation-id": given})
    assert answer.headers["x-correlation-id"] != given
    tracer.close()


def test_a_collector_that_is_away_costs_spans_and_no_request(asked: tuple[str, list[str | None]]) -> None:
    tracer = Tracer("http://127.0.0.1:1/v1/traces")
    client = application(tracer, asked[0], trusted=())
    assert [client.get("/asks/x").text for _ in range(20)] == ["204"] * 20
    tracer._provider.shutdown()


def test_of_a_hundred_requests_as_many_are_traced_as_were_asked_for(
    collector: Collector, asked: tuple[str, list[str | None]]
) -> None:
    """A trusted proxy that has decided is followed; otherwise the share decides."""
    tracer = Tracer(collector.endpoint, percent=1)
    client = application(tracer, asked[0], trusted=("10.0.0.7",))
    client.get("/asks/x", headers={"traceparent": TRACEPARENT})
    client.get("/asks/x", headers={"traceparent": TRACEPARENT[:-1] + "0"})
    tracer.close()
    assert len([span for span in collector.spans() if span.name == "GET /asks/{name}"]) == 1
