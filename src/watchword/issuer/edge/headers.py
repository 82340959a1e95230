"""Headers that every answer carries unless its endpoint chose its own (O12, O69)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_DEFAULTS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
# HTTPS alone makes this promise sensible: https://www.rfc-editor.org/rfc/rfc6797#section-7.2
_STRICT_TRANSPORT = {"strict-transport-security": "max-age=63072000"}


class SecurityHeaders:
    """Add what is absent; an endpoint's own choice stands."""

    def __init__(self, app: ASGIApp, *, local: bool) -> None:
        self._app = app
        chosen = _DEFAULTS if local else {**_DEFAULTS, **_STRICT_TRANSPORT}
        self._headers = tuple((name.encode(), value.encode()) for name, value in chosen.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in self._headers if pair[0] not in present)
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, answer)
