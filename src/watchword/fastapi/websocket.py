"""A WebSocket route whose connection lives no longer than its token."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from starlette.websockets import WebSocket

from watchword.verify.asgi_websocket import GuardedWebSocket
from watchword.verify.claims import VerifiedClaims
from watchword.verify.open_connection import OpenConnection
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.requirements import Requirement

_OPEN = "watchword.open_connection"
# FastAPI's own, entered around each route. A dependency that yields would be the documented way to be told that a route
# has ended; one costs every HTTP request half as much again as FastAPI itself.
_STACK = "fastapi_inner_astack"


async def guard_websocket(
    websocket: WebSocket,
    protection: Protection,
    presented: PresentedToken,
    claims: VerifiedClaims,
    require: Sequence[Requirement],
    *,
    every: float,
) -> None:
    """Close ``websocket`` when its token ends, and choose the subprotocol that `WebSocket.accept` answers with.

    The route and all its dependencies hold this same object, so what they receive and send goes through the guard.
    Asked again for the same connection, it only adds ``require`` to what the token must still be good for.

    Raises:
        RuntimeError: FastAPI does not say when the route ends, and the watch over the token would outlive it.
    """
    if ask_also(websocket, protection, require):
        return
    stack = websocket.scope.get(_STACK)
    if not isinstance(stack, AsyncExitStack):
        raise RuntimeError("this version of FastAPI cannot run a guarded WebSocket route")  # noqa: TRY004  no argument
    connection = OpenConnection(protection, presented, claims, require, every=every)
    websocket.scope[_OPEN] = (protection, connection)
    # Starlette keeps the two messages' functions, and the headers if a dependency has read them, in its object.
    guarded = GuardedWebSocket(protection, connection, websocket.scope, websocket._receive, websocket._send)  # noqa: SLF001  it has no other way in
    websocket._receive, websocket._send = guarded.receive, guarded.send  # noqa: SLF001  the same
    websocket.__dict__.pop("_headers", None)
    await stack.enter_async_context(guarded.watched())


def ask_also(websocket: WebSocket, protection: Protection, require: Sequence[Requirement]) -> bool:
    """Add ``require`` to what the token of a guarded ``websocket`` must still be good for; whether it is guarded."""
    known: tuple[Protection, OpenConnection] | None = websocket.scope.get(_OPEN)
    if known is None or known[0] is not protection:
        return False
    known[1].ask_also(require)
    return True
