"""What operators' machines ask a process, on a listener of its own: metrics, and every check of readiness by name.

It listens on loopback unless told otherwise, and then asks for a bearer token before it tells a number. Probes need
none: what they are told is which check failed, and nothing of why.
"""

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from watchword.issuer.health import Health

METRICS = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Management:
    """Where a process is asked, and by whom.

    Args:
        host: the address to listen on.
        port: likewise.
        exposition: the metrics in the text format of Prometheus; None: not counted, so `/metrics` is not there.
        token: what `/metrics` asks for; None: nothing.
        shared: other processes of this issuer listen on the same port, and whichever is asked answers.
    """

    host: str
    port: int
    exposition: Callable[[], bytes] | None = None
    token: str | None = field(default=None, repr=False)
    shared: bool = False


def create_management(management: Management, health: Health) -> Starlette:
    """The application behind that listener."""

    async def healthz(request: Request) -> Response:
        del request
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz(request: Request) -> Response:
        del request
        report = await health.report()
        answer = {"status": "ready" if report.is_ready else "not ready", "checks": report.checks}
        return JSONResponse(answer, status_code=200 if report.is_ready else 503, headers=_NO_STORE)

    def metrics(request: Request) -> Response:  # in a thread: with several processes it reads files
        assert management.exposition is not None
        if not _may_read(request, management.token):
            headers = {**_NO_STORE, "WWW-Authenticate": 'Bearer realm="watchword-management"'}
            return PlainTextResponse("a bearer token is needed\n", status_code=401, headers=headers)
        return Response(management.exposition(), headers={**_NO_STORE, "Content-Type": CONTENT_TYPE})

    routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
    if management.exposition is not None:
        routes.append(Route(METRICS, metrics))
    application = Starlette(routes=routes)
    application.router.redirect_slashes = False
    return application if not _is_loopback(management.host) else _LoopbackNames(application)  # type: ignore[return-value]


class _LoopbackNames:
    """Refuse other names: a page in the operator's browser could make a name of its own mean this machine."""

    def __init__(self, application: Starlette) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if len(named) != 1 or not _is_loopback(_name_of(named[0])):
                await PlainTextResponse("not under this name\n", status_code=421)(scope, receive, send)
                return
        await self._application(scope, receive, send)


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def _may_read(request: Request, token: str | None) -> bool:
    if token is None:
        return True
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
