"""Only the names the operator configured are answered (O67)."""

from starlette.types import ASGIApp, Receive, Scope, Send

from watchword.issuer.edge.refusal import refusal

MISDIRECTED_REQUEST = 421
_SENTENCE = "this server does not answer under that name"


class Hosts:
    """Refuse a request whose Host is none of ours: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20

    Probes of an orchestrator speak to an address; ``open_paths`` are answered under any name, with no name in them.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], open_paths: frozenset[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().encode("ascii") for host in hosts)
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self._open_paths:
            named = [value for name, value in scope["headers"] if name == b"host"]
            if len(named) != 1 or named[0].lower() not in self._hosts:
                answer = refusal(scope, MISDIRECTED_REQUEST, "misdirected_request", _SENTENCE)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
