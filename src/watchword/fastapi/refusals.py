"""What a request that is refused is answered, over HTTP and in the handshake of a WebSocket."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket, WebSocketState

from watchword.verify.asgi_scope import protection_of
from watchword.verify.asgi_websocket import Receive, Scope, Send, answer_handshake, closing
from watchword.verify.errors import RequirementError, StepUpError
from watchword.verify.protection import Refusal


class GuardRefusal(HTTPException):
    """A request that was refused; register a handler for it to answer in another form.

    Args:
        refusal: why exactly (``cause``; its ``code`` is stable), and what is answered.
    """

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        self.body = dict(refusal.body)
        super().__init__(status_code=refusal.status, detail=self.body, headers=dict(refusal.headers))
        self.cause = refusal.cause


def answer_in_own_form(connection: HTTPConnection) -> None:
    """Let refusals be answered with a flat OAuth error body, unless the application answers them itself.

    Starlette hands its handlers to each request; without them FastAPI's own answer, ``{"detail": …}``, still holds
    the same body.
    """
    handlers: tuple[dict[Any, Any], dict[int, Any]] | None = connection.scope.get("starlette.exception_handlers")
    if handlers is not None and GuardRefusal not in handlers[0]:
        handlers[0][GuardRefusal] = _answer
    if handlers is not None and RequirementError not in handlers[0]:
        for kind in (RequirementError, StepUpError):
            # Whoever handles all errors of verification handles these.
            if not any(base in handlers[0] for base in kind.__mro__):
                handlers[0][kind] = _answer_of_the_route


class _HandshakeAnswer:
    """A refusal, sent as an answer to a handshake where it can still be one, else as the end of the connection."""

    def __init__(self, refusal: Refusal, websocket: WebSocket) -> None:
        self._refusal = refusal
        self._websocket = websocket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = self._websocket
        if websocket.application_state is WebSocketState.CONNECTED:
            await send(closing(self._refusal))
        elif websocket.application_state is WebSocketState.CONNECTING:
            if websocket.client_state is WebSocketState.CONNECTING:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
            await answer_handshake(self._refusal, scope, send)


_Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


async def _answer(connection: HTTPConnection, refused: GuardRefusal) -> _Answer:
    if isinstance(connection, WebSocket):
        return _HandshakeAnswer(refused.refusal, connection)
    assert isinstance(connection, Request)
    return JSONResponse(refused.body, status_code=refused.status_code, headers=refused.headers)


async def _answer_of_the_route(connection: HTTPConnection, error: RequirementError | StepUpError) -> Any:
    """The answer to what a route raised itself, by calling a condition for example: as if the guard had refused."""
    protection = protection_of(connection.scope)
    if protection is None:
        # No token was admitted here: the route spoke of another than this request's.
        raise error
    refused = GuardRefusal(protection.refusal(error))
    answer = connection.scope["starlette.exception_handlers"][0][GuardRefusal]
    if iscoroutinefunction(answer):
        return await answer(connection, refused)
    return await run_in_threadpool(answer, connection, refused)
