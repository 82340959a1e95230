"""What is withdrawn, pushed: docs/protocol/revocation.md, "Server-sent events"."""

import asyncio
import contextlib

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from watchword.authn.client_address import client_address
from watchword.issuer.client_auth.authorization import authorization_of
from watchword.issuer.client_auth.resource_server import authenticate_resource_server
from watchword.issuer.context import Issuer
from watchword.issuer.requests import issuer_of, read_query
from watchword.issuer.revocation.event_stream import EventStream
from watchword.issuer.revocation.place import Place
from watchword.issuer.revocation.streams import Streams
from watchword.store.repositories.apis import Api

MEDIA_TYPE = "text/event-stream"
WRITE_SECONDS = 30.0  # for one piece; who does not take it has gone, or holds the connection for nothing
# A proxy that gathers answers before it passes them on would keep what was withdrawn to itself.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def revocation_events(request: Request) -> Response:
    """A stream of batches for an API, and on the developer's own machine for anybody; none where push is off."""
    issuer = issuer_of(request)
    if not issuer.settings.push:
        raise HTTPException(404)
    api = await _asking(issuer, request)
    place = _place(request)
    address = client_address(
        request.client.host if request.client else None,
        request.headers.getlist("x-forwarded-for"),
        trusted_proxies=issuer.settings.trusted_proxies,
    )
    stream = issuer.streams.open(place, api=api, address=address)
    return _Pushing(issuer.streams, stream)


async def _asking(issuer: Issuer, request: Request) -> Api | None:
    if issuer.settings.local:
        return None
    return await authenticate_resource_server(issuer, authorization_of(request))


def _place(request: Request) -> Place:
    event_id = request.headers.get("last-event-id")
    return Place.of_parameters(read_query(request)) if event_id is None else Place.of_event_id(event_id)


class _Pushing(StreamingResponse):
    """The stream's pieces as they come. However it ends, its place among the streams is free again."""

    def __init__(self, streams: Streams, stream: EventStream) -> None:
        super().__init__(stream.texts(), headers=_HEADERS, media_type=MEDIA_TYPE)
        self._streams = streams
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.close(self._stream)

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(WRITE_SECONDS):
                await send(message)

        with contextlib.suppress(TimeoutError):
            await super().stream_response(send_in_time)
