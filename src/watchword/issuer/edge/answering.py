"""The outermost layer: every request gets a correlation id, one log line, and an answer whatever happens."""

import logging
import re
import secrets
import traceback
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword import telemetry
from watchword.authn.client_address import is_trusted_proxy
from watchword.clock import Clock
from watchword.events import EventSink, NoSink, RequestAnswered
from watchword.fetch.watching import watched
from watchword.issuer.edge.refusal import refusal
from watchword.issuer.endpoints import paths
from watchword.telemetry import NoSpans, Said, Spans

access_log = logging.getLogger("watchword.access")
error_log = logging.getLogger("watchword.errors")

HEADER = b"x-correlation-id"
TRACEPARENT = b"traceparent"
_SENTENCE = "the server met an unexpected condition"
# Too narrow for a token, a code or a name to be taken for one.
_CORRELATION_ID = re.compile(rb"[0-9a-fA-F-]{8,36}")
_STREAM = paths.FEED_EVENTS  # its length is the reader's patience, not ours


class Answering:
    """Name the request, log it by allow-listed fields, and turn what nobody caught into a plain 500 (O80, O82).

    The id is ours, unless a proxy that the operator trusts gave one: taken from a client it would let strangers write
    into our logs.

    Args:
        app: what lies inside.
        clock: measures how long an answer took.
        events: is told of each.
        spans: notes what lies inside of each.
        trusted_proxies: addresses whose correlation id and ``traceparent`` are believed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Clock,
        events: EventSink | None = None,
        spans: Spans | None = None,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._clock = clock
        self._events = events or NoSink()
        self._spans = spans or NoSpans()
        self._trusted_proxies = tuple(trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        believed = self._believed(scope)
        name = _given_id(believed) or secrets.token_hex(8)
        scope.setdefault("state", {})["correlation_id"] = name
        with self._spans.span("request", "server", parent=_traceparent(believed)) as said, watched(self._spans):
            await self._answer(scope, receive, send, name, said)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, name: str, said: Said) -> None:
        began = self._clock.monotonic()
        status: int | None = None

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, name.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001  the last resort: whatever it is, the client learns only its number
            # Messages of exceptions may quote what was sent; type and place are enough to find the fault.
            error_log.error("unhandled", extra={"correlation_id": name, "exception": _place(error)})
            if status is None:
                failure = refusal(scope, 500, "server_error", _SENTENCE)
                await failure(scope, receive, answer)
        finally:
            self._tell(scope, status or HTTPStatus.INTERNAL_SERVER_ERROR, began, name, said)

    def _tell(self, scope: Scope, status: int, began: float, name: str, said: Said) -> None:
        now, ended = self._clock.moment()
        method = scope["method"] if scope["method"] in telemetry.METHODS else telemetry.OTHER
        route = _route(scope)
        error = scope["state"].get("error")
        seconds = ended - began
        fields: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": int(status),
            "duration_ms": round(seconds * 1000, 1),
            "correlation_id": name,
        }
        said["name"] = f"{method} {route}"
        said[telemetry.SPAN_METHOD] = method
        said[telemetry.SPAN_ROUTE] = route
        said[telemetry.SPAN_STATUS] = int(status)
        said[telemetry.SPAN_CORRELATION] = name
        if error is not None:
            fields["error"] = said[telemetry.SPAN_ERROR] = error
        access_log.info("request", extra=fields)
        lasted = None if route == _STREAM else seconds
        self._events.emit(RequestAnswered(now, method, route, int(status), lasted, error))

    def _believed(self, scope: Scope) -> dict[bytes, bytes]:
        """The headers of a proxy that is trusted; nobody else's."""
        peer = scope.get("client")
        if not self._trusted_proxies or peer is None or not is_trusted_proxy(peer[0], self._trusted_proxies):
            return {}
        return dict(scope["headers"])


def _given_id(headers: dict[bytes, bytes]) -> str | None:
    given = headers.get(HEADER, b"")
    return given.decode("ascii") if _CORRELATION_ID.fullmatch(given) else None


def _traceparent(headers: dict[bytes, bytes]) -> str | None:
    given = headers.get(TRACEPARENT)
    return None if given is None else given.decode("latin-1")


def _route(scope: Scope) -> str:
    """The pattern that matched, never the path that was typed: a path can hold anything."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


def _place(error: BaseException) -> str:
    """The error's type and the last functions on its way, without a value of any variable or its message."""
    frames = [f"{frame.f_code.co_qualname}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return f"{type(error).__module__}.{type(error).__qualname__} in {' > '.join(frames[-8:])}"
