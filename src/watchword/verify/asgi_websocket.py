"""A WebSocket that lives no longer than the token that opened it.

https://asgi.readthedocs.io/en/latest/specs/www.html#websocket
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio

from watchword.verify import websocket_token
from watchword.verify.asgi_scope import without_token
from watchword.verify.errors import UnavailableError, VerificationError
from watchword.verify.open_connection import OpenConnection
from watchword.verify.protection import Protection, Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1; the reason beside it says what about the token
TRY_AGAIN_LATER = 1013


class TokenEndedError(OSError):
    """What an application sees that sends into a connection whose token has ended: as if the peer were gone."""


class GuardedWebSocket:
    """Stands between a server and an application: `receive` and `send` are for the application.

    When the token ends the connection is closed with 1008 and a reason, the application receives a disconnect, and no
    message that arrives later reaches it.

    Args:
        protection: admitted the token.
        connection: the token with which the connection was opened; None where none was needed.
        scope: of the handshake; the token is taken out of its headers and subprotocols.
        receive: the server's.
        send: the server's.
    """

    def __init__(
        self, protection: Protection, connection: OpenConnection | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        scope["headers"] = without_token(scope["headers"])
        scope["subprotocols"] = self._offered = websocket_token.others(scope.get("subprotocols") or ())
        self._protection = protection
        self._connection = connection
        self._receive = receive
        self._send = send
        self._is_over = False
        self._farewell: Message | None = None
        self._waiting: set[anyio.CancelScope] = set()

    async def receive(self) -> Message:
        """The peer's next message, or a disconnect."""
        message: Message | None = None
        if self._farewell is None:
            with anyio.CancelScope() as wait:
                self._waiting.add(wait)
                try:
                    message = await self._receive()
                finally:
                    self._waiting.discard(wait)
        if self._farewell is not None or message is None:
            return {**(self._farewell or {}), "type": "websocket.disconnect"}
        if message["type"] == "websocket.disconnect":
            self._is_over = True
        return message

    async def send(self, message: Message) -> None:
        """Hand ``message`` to the server.

        Raises:
            TokenEndedError: the connection was closed, because its token has ended.
        """
        if self._farewell is not None:
            raise TokenEndedError(self._farewell["reason"])
        if message["type"] == "websocket.accept":
            chosen = websocket_token.select(message.get("subprotocol"), self._offered)
            message = {**message, "subprotocol": chosen}
        elif message["type"] in {"websocket.close", "websocket.http.response.start"}:
            self._is_over = True
        await self._send(message)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """An eye on the token for as long as the application runs, which uses `receive` and `send` meanwhile."""
        if self._connection is None:
            yield
            return
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, self._connection)
            try:
                yield
            except Exception as error:  # noqa: BLE001  raised again below: a group would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _watch(self, connection: OpenConnection) -> None:
        error = await connection.end()
        if self._is_over:
            return
        self._farewell = closing(self._protection.refusal(error))
        for wait in self._waiting:
            wait.cancel()
        # The application may be done before the peer has heard the reason.
        with anyio.CancelScope(shield=True), suppress(OSError):
            await self._send({**self._farewell})


async def refuse_websocket(
    protection: Protection, error: VerificationError, scope: Mapping[str, Any], receive: Receive, send: Send
) -> None:
    """Answer a handshake with a refusal: as HTTP where the server can, else by a close, which servers make a 403."""
    if (await receive())["type"] != "websocket.disconnect":
        await answer_handshake(protection.refusal(error), scope, send)


async def answer_handshake(refusal: Refusal, scope: Mapping[str, Any], send: Send) -> None:
    """`refuse_websocket`, once the handshake has been received."""
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await answer(refusal, send, kind="websocket.http.response")
    else:
        await send(closing(refusal))


async def answer(refusal: Refusal, send: Send, *, kind: str = "http.response") -> None:
    """Send ``refusal`` as a response of the ``kind`` of message that the server takes."""
    body = json.dumps(dict(refusal.body)).encode()
    await send({"type": kind + ".start", "status": refusal.status, "headers": json_headers(refusal.headers, body)})
    await send({"type": kind + ".body", "body": body})


def json_headers(headers: Sequence[tuple[str, str]], body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a JSON response."""
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers),
    ]


def closing(refusal: Refusal) -> Message:
    """The message that ends an open connection, and says why."""
    code = TRY_AGAIN_LATER if isinstance(refusal.cause, UnavailableError) else POLICY_VIOLATION
    # A close frame has room for 123 bytes (RFC 6455 section 5.5).
    return {"type": "websocket.close", "code": code, "reason": refusal.body["error_description"][:123]}
