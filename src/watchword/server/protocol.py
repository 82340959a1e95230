"""The one HTTP protocol class, a subclass of uvicorn's; retest at every upgrade of uvicorn, whose internals it uses.

It adds five things. A client's certificate goes into ``scope["extensions"]["tls_client_certificate"]`` (DER bytes).
Idle keep-alive connections are drained at shutdown: stock uvicorn closes them at once, and a request that is on its
way gets lost. A request's head is bounded in size, and a request must arrive within a bounded time (slow senders).
And the application is told when the server begins to stop, by calling what its lifespan state has as ``stopping``: the
lifespan itself ends only after every response has, and an event stream does not end by itself.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_LIMIT = 32 * 1024
REQUEST_SECONDS = 20.0
DRAIN_SECONDS = 1.0


class WatchwordProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with a client certificate, a drain and bounds on the request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._certificate: bytes | None = None
        self._draining = False
        self._refused = False
        self._head_begun = False
        self._head_size = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._certificate = tls.getpeercert(True)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._start_deadline()
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_begun = True
        self._head_size = 0
        if self._certificate is not None:
            extensions: dict[str, Any] = {"tls_client_certificate": self._certificate}
            self.scope["extensions"] = extensions

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        self._head_begun = False
        super().on_headers_complete()
        if self._draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            self._stop_deadline()
            super().on_message_complete()

    def shutdown(self) -> None:
        """Let an idle connection live for a moment: the next request on it is answered with ``Connection: close``."""
        self._draining = True
        stopping = self.app_state.get("stopping")
        if stopping is not None:
            stopping()
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(DRAIN_SECONDS, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def _close_if_idle(self) -> None:
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_LIMIT and not self._refused:
            self._refuse(431, b"request head too large")

    def _refuse(self, status: int, sentence: bytes) -> None:
        """Close; answer before, when it is a head that is refused and no other answer is under way."""
        self._refused = True
        if self.transport.is_closing():
            return
        if self._head_begun and (self.cycle is None or self.cycle.response_complete):
            length = str(len(sentence)).encode()
            head = STATUS_LINE[status] + b"content-type: text/plain; charset=utf-8\r\ncontent-length: " + length
            self.transport.write(head + b"\r\nconnection: close\r\n\r\n" + sentence)
        self.transport.close()

    def _start_deadline(self) -> None:
        self._stop_deadline()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_slow)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._refuse(408, b"request took too long to arrive")
