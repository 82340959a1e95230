"""Bodies are small, plain and soon: 64 KiB, no encoding, thirty seconds (R54, R55)."""

import asyncio
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.issuer.edge.refusal import refusal

MAX_BODY = 64 * 1024
DEADLINE = 30.0


class Body:
    """Read the body whole before an endpoint runs, or refuse it having kept at most ``MAX_BODY`` bytes of it."""

    def __init__(self, app: ASGIApp, *, deadline: float = DEADLINE) -> None:
        self._app = app
        self._deadline = deadline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            await _refusal(scope, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a content encoding is not accepted")(
                scope, receive, send
            )
            return
        if _announced(headers.get(b"content-length")) > MAX_BODY:
            await _too_large(scope)(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._deadline):
                body, complete = await _read(receive)
        except TimeoutError:
            await _refusal(scope, HTTPStatus.REQUEST_TIMEOUT, "the request body took too long")(scope, receive, send)
            return
        if body is None:
            await _too_large(scope)(scope, receive, send)
            return
        if not complete:
            return
        await self._app(scope, _replay(body, receive), send)


def _announced(content_length: bytes | None) -> int:
    if content_length is None:
        return 0
    return int(content_length) if content_length.isdigit() and len(content_length) < 16 else MAX_BODY + 1


async def _read(receive: Receive) -> tuple[bytes | None, bool]:
    """The body and whether it came to its end; no body when it grows too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"", False
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None, False
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts), True


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _too_large(scope: Scope) -> JSONResponse:
    return _refusal(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request body is larger than 64 KiB")


def _refusal(scope: Scope, status: HTTPStatus, sentence: str) -> JSONResponse:
    # The rest of the body is not read: the connection cannot be used again.
    return refusal(scope, status, "invalid_request", sentence, headers={"Connection": "close"})
