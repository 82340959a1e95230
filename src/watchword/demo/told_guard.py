"""The demonstration's guard: any other guard, that also tells how long it took and whether it had to ask anybody."""

from typing import Any

from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchword.clock import Clock
from watchword.demo.clock_ahead import ClockAhead, seconds_ahead, set_ahead
from watchword.fastapi import Guard
from watchword.verify import VerificationError, VerifiedClaims
from watchword.verify.asgi_scope import admit_at_once

_TOLD = "watchword.demo.verification"


class ToldGuard(Guard):
    """A `Guard` that explains its refusals, measures itself, and lets a request set a clock ahead.

    Args:
        issuer: whose tokens it takes.
        audience: the API's identifier.
        clock: the real one.
    """

    def __init__(self, *, issuer: str, audience: str, clock: Clock) -> None:
        super().__init__(issuer=issuer, audience=audience, clock=clock, danger_explain_refusals=True)
        self._clock = clock
        # Asked only after this guard, which knows what was withdrawn: it can refuse, and let nothing pass by itself.
        self._ahead = Guard(
            issuer=issuer,
            audience=audience,
            clock=ClockAhead(clock),
            danger_explain_refusals=True,
            revocation="off",
            cache=False,
        )

    async def __call__(self, connection: HTTPConnection, security_scopes: SecurityScopes) -> VerifiedClaims:
        """See `Guard.__call__`."""
        began = self._clock.monotonic()
        in_process = self._needs_nobody(connection)
        took = self._clock.monotonic() - began
        try:
            return await self._admit(connection, security_scopes)
        finally:
            if not in_process:
                took = self._clock.monotonic() - began
            connection.scope[_TOLD] = (took, in_process)

    async def _admit(self, connection: HTTPConnection, security_scopes: SecurityScopes) -> VerifiedClaims:
        claims = await super().__call__(connection, security_scopes)
        seconds = seconds_ahead(connection)
        if seconds is not None:
            with set_ahead(seconds):
                await self._ahead(connection, security_scopes)
        return claims

    def _needs_nobody(self, connection: HTTPConnection) -> bool:
        """Whether the verdict on the request's token is reached without a question to anybody; it is kept, since a
        proof of possession can be used once.
        """
        try:
            return admit_at_once(self.protection, connection.scope) is not None
        except VerificationError:
            return True


class TellVerification:
    """Middleware: puts what `ToldGuard` measured into ``Server-Timing``.

    https://www.w3.org/TR/server-timing/
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            told: tuple[float, bool] | None = scope.get(_TOLD)
            if message["type"] == "http.response.start" and told is not None:
                headers: list[Any] = list(message.get("headers", ()))
                headers.append((b"server-timing", _timing(*told).encode()))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, answer)


def _timing(seconds: float, in_process: bool) -> str:
    description = "no network" if in_process else "asked the issuer for its keys"
    return f'verify;dur={seconds * 1000:.3f};desc="{description}"'
