"""While the database is an older copy of itself, nothing is answered from it: not even that a token is active (R25)."""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from watchword.issuer.edge.refusal import refusal
from watchword.issuer.restore_guard import RestoreGuard

_SENTENCE = "the database was restored and the operator has not acknowledged it"


class RefuseRestored:
    """503 for everything but the probes."""

    def __init__(self, app: ASGIApp, *, guard: RestoreGuard, open_paths: Collection[str]) -> None:
        self._app = app
        self._guard = guard
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._guard.is_restored and scope["path"] not in self._open_paths:
            await refusal(scope, 503, "temporarily_unavailable", _SENTENCE)(scope, receive, send)
            return
        await self._app(scope, receive, send)
