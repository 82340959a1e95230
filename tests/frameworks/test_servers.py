"""Every HTTP framework once on a real server, since test clients are kinder than networks: headers that come twice, raw
paths, and bytes that no client library would send.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import tests.frameworks.drivers.django  # noqa: F401  Django's settings come with it
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.frameworks.drivers.flask import flask_app
from tests.frameworks.protected_api import API, NOW, protected
from tests.frameworks.running import asgi_server, wsgi_server
from tests.frameworks.tokens import bound, proof, token

from watchword.asgi import ProtectMiddleware
from watchword.clock import SettableClock

SIGN_IN: dict[str, Any] = {"acr": "urn:example:mfa", "auth_time": NOW}


async def read(request: Request) -> JSONResponse:
    return JSONResponse({"sub": request.state.claims.sub})


@contextmanager
def middleware(**options: Any) -> Iterator[str]:
    app = Starlette(routes=[Route("/{path:path}", read)])
    with asgi_server(ProtectMiddleware(app, scopes=["orders:read"], **options)) as running:
        yield running + "/read"


@contextmanager
def flask(**options: Any) -> Iterator[str]:
    with wsgi_server(flask_app(**options)) as running:
        yield running + "/read"


@contextmanager
def django_asgi(**options: Any) -> Iterator[str]:
    with override_settings(WATCHWORD=options), asgi_server(ASGIHandler()) as running:
        yield running + "/plain/recent"


@contextmanager
def django_wsgi(**options: Any) -> Iterator[str]:
    with override_settings(WATCHWORD=options), wsgi_server(WSGIHandler()) as running:
        yield running + "/rest/read"


@pytest.fixture(scope="module", params=[middleware, flask, django_asgi, django_wsgi], ids=lambda serve: serve.__name__)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    serve: Callable[..., AbstractContextManager[str]] = request.param
    with serve(**protected(SettableClock(NOW))) as running:
        yield running


def ask(address: str, *headers: tuple[str, str], query: str = "") -> tuple[int, str | None, Any]:
    """Status, challenge and body."""
    host, _, path = address.partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("GET", f"/{path}{query}")
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.getheader("WWW-Authenticate"), json.loads(body)


def good(scheme: str = "Bearer") -> str:
    return f"{scheme} {token(**SIGN_IN)}"


def test_a_good_token_passes(address: str) -> None:
    assert ask(address, ("Authorization", good())) == (200, None, {"sub": "user-1"})


def test_no_token_and_a_bad_one_are_refused(address: str) -> None:
    status, challenge, body = ask(address)
    assert (status, challenge, body["code"]) == (401, f'Bearer realm="{API}"', "token_missing")
    status, challenge, body = ask(address, ("Authorization", good()[:-6] + "AAAAAA"))
    assert (status, body["code"]) == (401, "token_invalid")
    assert challenge == f'Bearer realm="{API}", error="invalid_token", error_description="{body["error_description"]}"'


def test_two_authorization_headers_are_refused(address: str) -> None:
    """However the server hands them on: as two, or joined with a comma."""
    status, _, body = ask(address, ("Authorization", good()), ("Authorization", good()))
    assert (status, body["code"]) == (400, "request_malformed")


def test_a_token_in_the_query_is_refused(address: str) -> None:
    status, _, body = ask(address, ("Authorization", good()), query=f"?access%5ftoken={token()}")
    assert (status, body["code"]) == (400, "request_malformed")


@pytest.mark.parametrize("value", ["Bearer \xe9", "Bearer a\xa0b", "Bearer " + "a" * 9000, "Bearer a.b.c\x00"])
def test_strange_bytes_are_refused_and_break_nothing(address: str, value: str) -> None:
    host, _, path = address.partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("GET", "/" + path)
    connection._buffer.append(b"Authorization: " + value.encode("latin-1"))  # type: ignore[attr-defined]
    connection.endheaders()
    assert connection.getresponse().status in {400, 401}
    connection.close()
    assert ask(address, ("Authorization", good()))[0] == 200


def test_a_proof_is_compared_with_the_path_as_it_was_sent(clock: SettableClock) -> None:
    """O43: percent-encoded bytes reach the check as the client wrote them."""
    for serve in (middleware, django_asgi):
        with serve(**protected(clock)) as running:
            host, _, path = running.partition("/")
            if serve is middleware:
                path += "/caf%C3%A9%2F1"
            text = bound(**SIGN_IN)
            headers = (("Authorization", "DPoP " + text), ("DPoP", proof(text, f"GET /{path}")))
            assert ask(f"{host}/{path}", *headers)[0] == 200
