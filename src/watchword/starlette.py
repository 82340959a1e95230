"""Protect a Starlette application.

guard = Guard(issuer="https://auth.example.com", audience="https://api.example.com")

@guard.requires(scopes=["orders:read"])
async def orders(request):
    return JSONResponse({"orders_of": request.state.claims.sub})
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Unpack, cast

from watchword.asgi import ASGIApp, Protected
from watchword.verify.asgi_scope import admit
from watchword.verify.asgi_websocket import Receive, Scope, Send
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import RequirementError, StepUpError, TokenMissingError, VerificationError
from watchword.verify.open_connection import DEFAULT_EVERY
from watchword.verify.protection import (
    METADATA_CACHE_CONTROL,
    Needs,
    Protection,
    ProtectionOptions,
    Refusal,
    needed,
)
from watchword.verify.requirements import Requirement

try:
    from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route
    from starlette.websockets import WebSocket
except ImportError as error:
    raise ImportError('watchword.starlette needs Starlette: pip install "watchword[starlette]"') from error

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Guard:
    """Lets requests pass only with an access token that is good for them.

    Subclass it and override `answer` to refuse in another form.

    Args:
        every: seconds between two looks at the token of an open WebSocket.
        options: ``issuer`` and ``audience`` at least, see `ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience cannot stand in a header.
    """

    def __init__(self, *, every: float = DEFAULT_EVERY, **options: Unpack[ProtectionOptions]) -> None:
        self.protection = Protection(**options)
        self._every = every

    def requires(self, *conditions: Requirement, **needs: Unpack[Needs]) -> Callable[[Endpoint], Endpoint]:
        """A decorator for endpoints: functions, methods of `HTTPEndpoint`, whole endpoint classes, and WebSockets.

        The claims are in ``request.state.claims``. A WebSocket is closed when its token expires or is withdrawn.

        Args:
            conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
            needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
        """
        require = needed(conditions, needs)

        def decorate(endpoint: Endpoint) -> Endpoint:
            if inspect.isclass(endpoint):
                protected = _ProtectedClass(cast("ASGIApp", endpoint), self, require, every=self._every)
                return cast("Endpoint", protected)

            @functools.wraps(endpoint)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                return await self._serve(endpoint, require, args, kwargs)

            return cast("Endpoint", guarded)

        return decorate

    def authentication(self) -> Middleware:
        """Middleware that fills ``request.user`` and ``request.auth`` from the token, for Starlette's own `requires`.

        Requests without a token pass as an unauthenticated user; those with a bad token are refused.
        """

        def on_error(connection: HTTPConnection, error: AuthenticationError) -> Response:
            del connection
            assert isinstance(error, _BadTokenError)
            return self.answer(self.protection.refusal(error.cause))

        return Middleware(AuthenticationMiddleware, backend=TokenBackend(self), on_error=on_error)

    def metadata_route(self, *, scopes: Sequence[str] = ()) -> Route:
        """A route that tells clients who issues tokens for this API (RFC 9728); challenges point to it from now on.

        Args:
            scopes: the scopes of this API that clients may ask for.

        Raises:
            ValueError: the audience is not a URL, so that no document can lie under it.
        """
        document = self.protection.metadata(scopes=scopes)

        async def protected_resource_metadata(request: Request) -> JSONResponse:
            del request
            return JSONResponse(document, headers={"cache-control": METADATA_CACHE_CONTROL})

        return Route(self.protection.metadata_path, protected_resource_metadata, include_in_schema=False)

    def answer(self, refusal: Refusal) -> Response:
        """The response that ``refusal`` becomes."""
        return JSONResponse(dict(refusal.body), status_code=refusal.status, headers=dict(refusal.headers))

    async def _serve(
        self, endpoint: Callable[..., Any], require: Sequence[Requirement], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        connection = next(value for value in (*args, *kwargs.values()) if isinstance(value, HTTPConnection))
        if isinstance(connection, WebSocket):
            # The endpoint gets its own view of the connection, through the guard.
            async def serve(scope: Scope, receive: Receive, send: Send) -> None:
                inner = WebSocket(scope, receive, send)
                arguments = [inner if value is connection else value for value in args]
                await endpoint(*arguments, **{n: inner if v is connection else v for n, v in kwargs.items()})

            protected = Protected(serve, self.protection, require, every=self._every)
            return await protected(connection.scope, connection.receive, connection.send)
        try:
            connection.state.claims = (await admit(self.protection, connection.scope, require))[2]
        except VerificationError as error:
            return self.answer(self.protection.refusal(error))
        try:
            return await _call(endpoint, args, kwargs)
        except (RequirementError, StepUpError) as error:
            return self.answer(self.protection.refusal(error))


class TokenUser(BaseUser):
    """Whom a token speaks for, as ``request.user``; `claims` has all of it."""

    def __init__(self, claims: VerifiedClaims) -> None:
        self.claims = claims

    @property
    def is_authenticated(self) -> bool:
        """True."""
        return True

    @property
    def display_name(self) -> str:
        """The subject."""
        return self.claims.sub

    @property
    def identity(self) -> str:
        """The subject."""
        return self.claims.sub


class TokenBackend(AuthenticationBackend):
    """For Starlette's `AuthenticationMiddleware`; `Guard.authentication` makes both."""

    def __init__(self, guard: Guard) -> None:
        self._protection = guard.protection

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, TokenUser] | None:
        """The token's scopes, beside ``authenticated``, and its subject; None without a token.

        Raises:
            AuthenticationError: the token is not good.
        """
        try:
            claims = (await admit(self._protection, conn.scope))[2]
        except TokenMissingError:
            return None
        except VerificationError as error:
            raise _BadTokenError(error) from error
        return AuthCredentials(["authenticated", *sorted(claims.scopes)]), TokenUser(claims)


class _BadTokenError(AuthenticationError):
    def __init__(self, cause: VerificationError) -> None:
        super().__init__(cause.public.sentence)
        self.cause = cause


class _ProtectedClass(Protected):
    """An endpoint class, which is an ASGI application: `HTTPEndpoint` or `WebSocketEndpoint`."""

    def __init__(self, endpoint: ASGIApp, guard: Guard, require: Sequence[Requirement], *, every: float) -> None:
        super().__init__(endpoint, guard.protection, require, every=every)
        self._guard = guard
        functools.update_wrapper(self, endpoint, updated=())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (RequirementError, StepUpError) as error:
            if scope["type"] != "http":
                raise
            await self.refuse(error, scope, receive, send)

    async def refuse(self, error: VerificationError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._guard.answer(self.protection.refusal(error))(scope, receive, send)
        else:
            await super().refuse(error, scope, receive, send)


async def _call(endpoint: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    if inspect.iscoroutinefunction(endpoint):
        return await endpoint(*args, **kwargs)
    answered = await run_in_threadpool(endpoint, *args, **kwargs)
    # Another decorator may hide that the endpoint is asynchronous.
    return await answered if inspect.isawaitable(answered) else answered
