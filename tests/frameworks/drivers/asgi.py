"""Plain ASGI and Starlette, driven over ASGI by Starlette's test client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.frameworks.drivers.http_answer import http_answer
from tests.frameworks.protected_api import (
    ABILITIES,
    ANOTHERS_ORDER,
    HTTP_TELLS,
    OPERATIONS,
    Answer,
    Call,
    Caller,
    is_owner,
)

from watchword.asgi import ASGIApp, ProtectMiddleware
from watchword.starlette import Guard
from watchword.verify.asgi_websocket import Receive, Scope, Send


@contextmanager
def asgi_caller(app: ASGIApp) -> Iterator[Caller]:
    """Calls ``app`` at the path of each operation."""
    client = TestClient(app)

    def call(call: Call) -> Answer:
        url = f"/{call.operation}" + (f"?{call.query}" if call.query else "")
        answer = client.get(url, headers=list(call.headers))
        return http_answer(answer.status_code, answer.headers.multi_items(), answer.text)

    try:
        yield call
    finally:
        client.close()


class ASGIDriver:
    """`ProtectMiddleware` around a bare ASGI application: one for each operation, since it protects a whole."""

    name = "asgi"
    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    target = "GET /{}"
    # What happens within a bare application is answered there.
    can = ABILITIES - {"refuse in the handler"}

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""

        async def bare(scope: Scope, receive: Receive, send: Send) -> None:
            body = json.dumps({"sub": scope["state"]["claims"].sub}).encode()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        apps = {
            "/" + operation.name: ProtectMiddleware(
                bare, conditions=operation.conditions, **{**options, **operation.needs}
            )
            for operation in OPERATIONS
        }

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            await apps[scope["path"]](scope, receive, send)

        with asgi_caller(dispatch) as caller:
            yield caller


class StarletteDriver:
    """`Guard.requires` on every kind of endpoint that Starlette has."""

    name = "starlette"
    statuses: ClassVar[dict[int, int]] = {}
    tells = HTTP_TELLS
    target = "GET /{}"
    can = ABILITIES

    @contextmanager
    def serve(self, **options: Any) -> Iterator[Caller]:
        """See `Driver.serve`."""
        guard = Guard(**options)
        asked = {operation.name: guard.requires(*operation.conditions, **operation.needs) for operation in OPERATIONS}

        @asked["read"]
        async def read(request: Request) -> Response:
            return JSONResponse({"sub": request.state.claims.sub})

        @asked["write"]
        def write(request: Request) -> Response:
            return JSONResponse({"sub": request.state.claims.sub})

        class Admin(HTTPEndpoint):
            @asked["admin"]
            async def get(self, request: Request) -> Response:
                return JSONResponse({"sub": request.state.claims.sub})

        @asked["recent"]
        class Recent(HTTPEndpoint):
            def get(self, request: Request) -> Response:
                return JSONResponse({"sub": request.state.claims.sub})

        @asked["person"]
        async def person(request: Request) -> Response:
            return JSONResponse({"sub": request.state.claims.sub})

        @asked["owner"]
        async def owner(request: Request) -> Response:
            is_owner(request.state.claims, ANOTHERS_ORDER)
            return JSONResponse({"sub": request.state.claims.sub})

        routes = [
            Route("/read", read),
            Route("/write", write),
            Route("/admin", Admin),
            Route("/recent", Recent),
            Route("/person", person),
            Route("/owner", owner),
        ]
        with asgi_caller(Starlette(routes=routes)) as caller:
            yield caller
