"""Protect any ASGI application, whatever it was made with.

app = ProtectMiddleware(app, issuer="https://auth.example.com", audience="https://api.example.com")
# in the application: scope["state"]["claims"]; in Starlette and FastAPI: request.state.claims
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Unpack

from watchword.verify.asgi_scope import Admitted, admit, bearer_reader
from watchword.verify.asgi_websocket import (
    GuardedWebSocket,
    Receive,
    Scope,
    Send,
    answer,
    json_headers,
    refuse_websocket,
)
from watchword.verify.errors import TokenMissingError, VerificationError
from watchword.verify.open_connection import DEFAULT_EVERY, OpenConnection
from watchword.verify.protection import METADATA_CACHE_CONTROL, Protection, ProtectionOptions, needed
from watchword.verify.public_paths import PublicPaths
from watchword.verify.requirements import Requirement, Scopes

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class Protected:
    """An ASGI application of which nothing is reached without a good token.

    ``scope["state"]["claims"]`` holds the `VerifiedClaims`, or None where no token was needed and none came. A
    WebSocket is closed when its token expires or is withdrawn.

    Args:
        app: the application.
        protection: whose tokens are good.
        require: what they must be good for.
        optional: let requests without a token pass; a bad one is refused all the same.
        every: seconds between two looks at the token of an open WebSocket.
    """

    _serves_openly = False

    def __init__(
        self,
        app: ASGIApp,
        protection: Protection,
        require: Sequence[Requirement] = (),
        *,
        optional: bool = False,
        every: float = DEFAULT_EVERY,
    ) -> None:
        self.app = app
        self.protection = protection
        self._bearer_at_once = bearer_reader(protection)
        self._require = tuple(require)
        self._scopes = frozenset(name for one in self._require if isinstance(one, Scopes) for name in one.names)
        self._has_further = not all(isinstance(one, Scopes) for one in self._require)
        self._optional = optional
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it.

        Raises:
            RuntimeError: it is of a kind that did not exist when this was written, and would pass unprotected.
        """
        kind = scope["type"]
        if self._serves_openly and await self._served_openly(scope, receive, send):
            return
        if kind not in {"http", "websocket"}:
            if kind != "lifespan":
                raise RuntimeError("only HTTP and WebSocket requests can be protected")
            await self.app(scope, receive, send)
            return
        admitted: Admitted | None = None
        try:
            claims = self._bearer_at_once(scope) if kind == "http" else None
            if claims is None:
                admitted = await admit(self.protection, scope)
                claims = admitted[2]
            # Scopes are what is asked for nearly always: they are compared here, without a call.
            if self._has_further or (self._scopes and not claims.scopes.issuperset(self._scopes)):
                self.protection.suffices(claims, self._require)
        except VerificationError as error:
            if not (self._optional and isinstance(error, TokenMissingError)):
                await self.refuse(error, scope, receive, send)
                return
            claims = admitted = None
        scope.setdefault("state", {})["claims"] = claims
        if kind == "http":
            await self.app(scope, receive, send)
        else:
            guarded = GuardedWebSocket(self.protection, self._opened(admitted), scope, receive, send)
            async with guarded.watched():
                await self.app(scope, guarded.receive, guarded.send)

    async def _served_openly(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve what needs no token; False for all else."""
        del scope, receive, send
        return False

    async def refuse(self, error: VerificationError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or handshake that is not served."""
        if scope["type"] == "http":
            await answer(self.protection.refusal(error), send)
        else:
            await refuse_websocket(self.protection, error, scope, receive, send)

    def _opened(self, admitted: Admitted | None) -> OpenConnection | None:
        if admitted is None:
            return None
        return OpenConnection(self.protection, admitted[1], admitted[2], self._require, every=self._every)


class ProtectMiddleware(Protected):
    """Protects a whole application.

    Put `CORSMiddleware` and the like around it: a browser asks for permission without a token.

    Args:
        app: the application.
        scopes: needed by every request, all of them.
        roles: the same.
        acr_values: see `watchword.verify.requirements.requirements`.
        amr: the same.
        max_age: the same.
        conditions: further requirements, see `watchword.verify.conditions.requires`.
        public: paths that anybody may ask for: ``/healthz`` is that path alone, ``/static/*`` whatever lies below.
        optional: let requests without a token pass, with None for claims; a bad token is refused all the same.
        metadata: answer at the well-known path who issues tokens for this API (RFC 9728); a list names the scopes
            that clients may ask for.
        every: seconds between two looks at the token of an open WebSocket.
        options: ``issuer`` and ``audience`` at least, see `ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience cannot stand in a header, or is no URL and ``metadata`` is asked for; or a path.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        scopes: Sequence[str] = (),
        roles: Sequence[str] = (),
        acr_values: Sequence[str] = (),
        amr: Sequence[str] = (),
        max_age: int | None = None,
        conditions: Sequence[Requirement] = (),
        public: Iterable[str] = (),
        optional: bool = False,
        metadata: bool | Sequence[str] = False,
        every: float = DEFAULT_EVERY,
        **options: Unpack[ProtectionOptions],
    ) -> None:
        require = needed(
            conditions,
            {"scopes": scopes, "roles": roles, "acr_values": acr_values, "amr": amr, "max_age": max_age},
        )
        super().__init__(app, Protection(**options), require, optional=optional, every=every)
        self._public = PublicPaths(public)
        self._metadata_path: str | None = None
        self._metadata = b""
        if metadata is not False:
            document = self.protection.metadata(scopes=() if metadata is True else metadata)
            self._metadata = json.dumps(document).encode()
            self._metadata_path = self.protection.metadata_path
        self._serves_openly = bool(self._public) or self._metadata_path is not None

    async def _served_openly(self, scope: Scope, receive: Receive, send: Send) -> bool:
        if self._metadata_path is not None and _asks_for(self._metadata_path, scope):
            await self._answer_metadata(scope, send)
        elif scope["type"] in {"http", "websocket"} and _path(scope) in self._public:
            scope.setdefault("state", {})["claims"] = None
            await self.app(scope, receive, send)
        else:
            return False
        return True

    async def _answer_metadata(self, scope: Scope, send: Send) -> None:
        headers = json_headers([("Cache-Control", METADATA_CACHE_CONTROL)], self._metadata)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._metadata if scope["method"] == "GET" else b""})


def _asks_for(path: str, scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] == path and scope["method"] in {"GET", "HEAD"}


def _path(scope: Scope) -> str:
    """The path as the application's own routes are written: without the prefix at which it is mounted."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path") or ""
    return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path
