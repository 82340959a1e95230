"""Which pages of other origins may read our answers (O68).

Public documents: every page. Token, userinfo and revocation: pages of origins that a client registered. Everything
else: none. Credentials (cookies) never: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFLIGHT_MAX_AGE = b"600"

OriginsAllowed = Callable[[], Awaitable[frozenset[str]]]


class CrossOrigin:
    """Answer preflights, and mark answers that a page of another origin may read.

    Args:
        public: paths that every origin may read,
        public_below: and the beginnings of others.
        registered: paths that registered origins may call.
        origins: gives the registered origins.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public: frozenset[str],
        registered: frozenset[str],
        origins: OriginsAllowed,
        public_below: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._public = public
        self._public_below = public_below
        self._registered = registered
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (self._is_public(scope["path"]) or scope["path"] in self._registered):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        allowed = await self._headers_for(scope["path"], origin)
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(allowed)(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *allowed]}
            await send(message)

        await self._app(scope, receive, answer)

    def _is_public(self, path: str) -> bool:
        return path in self._public or path.startswith(self._public_below)

    async def _headers_for(self, path: str, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if self._is_public(path):
            return [(b"access-control-allow-origin", b"*")]
        vary = [(b"vary", b"Origin")]
        # `null` is what sandboxed frames and local files send: it names nobody.
        if origin is None or origin == b"null":
            return vary
        if origin.decode("latin-1") not in await self._origins():
            return vary
        return [
            *vary,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"WWW-Authenticate, DPoP-Nonce, X-Correlation-Id"),
        ]


def _preflight(allowed: list[tuple[bytes, bytes]]) -> Response:
    response = Response(status_code=204)
    response.raw_headers.extend(allowed)
    if any(name == b"access-control-allow-origin" for name, _ in allowed):
        response.raw_headers.extend(
            (
                (b"access-control-allow-methods", b"GET, POST"),
                (b"access-control-allow-headers", b"Authorization, Content-Type, DPoP"),
                (b"access-control-max-age", _PREFLIGHT_MAX_AGE),
            )
        )
    return response
