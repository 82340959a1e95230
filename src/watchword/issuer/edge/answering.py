"""The outermost layer: every request gets a correlation id, one log line, and an answer whatever happens."""

import logging
import secrets
import traceback
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.clock import Clock
from watchword.issuer.edge.refusal import refusal

access_log = logging.getLogger("watchword.access")
error_log = logging.getLogger("watchword.errors")

HEADER = b"x-correlation-id"
_SENTENCE = "the server met an unexpected condition"


class Answering:
    """Name the request, log it by allow-listed fields, and turn what nobody caught into a plain 500 (O80, O82).

    The id is always ours: one taken from the client would let it write into our logs.
    """

    def __init__(self, app: ASGIApp, *, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = secrets.token_hex(8)
        scope.setdefault("state", {})["correlation_id"] = name
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
            access_log.info(
                "request",
                extra={
                    "method": scope["method"] if scope["method"].isalpha() else "?",
                    "route": _route(scope),
                    "status": status or HTTPStatus.INTERNAL_SERVER_ERROR,
                    "duration_ms": round((self._clock.monotonic() - began) * 1000, 1),
                    "correlation_id": name,
                },
            )


def _route(scope: Scope) -> str:
    """The pattern that matched, never the path that was typed: a path can hold anything."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


def _place(error: BaseException) -> str:
    """The error's type and the last functions on its way, without a value of any variable or its message."""
    frames = [f"{frame.f_code.co_qualname}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return f"{type(error).__module__}.{type(error).__qualname__} in {' > '.join(frames[-8:])}"
