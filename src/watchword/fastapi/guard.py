"""STEP 4 and 5 in FastAPI: the dependency that lets a request pass."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Unpack

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.responses import JSONResponse
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from watchword.clock import SystemClock
from watchword.fastapi.docs_sign_in import DocsAssets, DocsSignIn
from watchword.fastapi.refusals import GuardRefusal, answer_in_own_form
from watchword.fastapi.sign_in_endpoints import EndpointSource
from watchword.fastapi.websocket import ask_also, guard_websocket
from watchword.verify import AsyncVerifier, VerificationError, VerifiedClaims, requirements
from watchword.verify.asgi_scope import admit
from watchword.verify.conditions import Condition
from watchword.verify.key_address import KeyAddress, key_address
from watchword.verify.open_connection import DEFAULT_EVERY
from watchword.verify.protection import METADATA_CACHE_CONTROL, Needs, Protection, ProtectionOptions, needed
from watchword.verify.requirements import Requirement, Scopes


class Guard(SecurityBase):
    """A dependency that lets a request pass only with an access token that is good for it.

    Used as ``Security(guard, scopes=["orders:read"])`` on routes for HTTP and for WebSockets: the scopes are required,
    all of them, and shown in the API's OpenAPI document. A WebSocket is closed when its token expires or is withdrawn.

    Args:
        every: seconds between two looks at the token of an open WebSocket.
        options: ``issuer`` and ``audience`` at least; all of them are described in
            `watchword.verify.protection.ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience or ``resource_metadata`` cannot stand in a header.
    """

    def __init__(self, *, every: float = DEFAULT_EVERY, **options: Unpack[ProtectionOptions]) -> None:
        self.protection = Protection(**options)
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token of " + self.verifier.issuer)
        self.scheme_name = "watchword"
        self._every = every
        self._options = options
        self._scopes: dict[tuple[str, ...], tuple[Requirement, ...]] = {}

    @property
    def verifier(self) -> AsyncVerifier:
        """What verifies the tokens."""
        return self.protection.averifier

    async def __call__(self, connection: HTTPConnection, security_scopes: SecurityScopes) -> VerifiedClaims:
        """The verified claims of the token of a request or handshake.

        Raises:
            GuardRefusal: there are none, or they do not suffice.
        """
        answer_in_own_form(connection)
        require = self._needing(security_scopes)
        try:
            _, presented, claims = await admit(self.protection, connection.scope, require)
        except VerificationError as error:
            raise GuardRefusal(self.protection.refusal(error)) from error
        if isinstance(connection, WebSocket):
            await guard_websocket(connection, self.protection, presented, claims, require, every=self._every)
        return claims

    def requires(self, *conditions: Requirement, **needs: Unpack[Needs]) -> "StricterGuard":
        """The same guard, which also asks for all this; used in its place.

        Args:
            conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
            needs: ``roles``, ``acr_values``, ``amr``, ``max_age``, ``scopes``.
        """
        return StricterGuard(self, needs, conditions)

    def checks(self, condition: Condition, **context: Callable[..., Any]) -> "StricterGuard":
        """The same guard, which also asks ``condition``, called with the claims and what dependencies bring.

            is_owner = requires(lambda claims, order: order.owner == claims.sub, name="owner")
            Owner = Annotated[VerifiedClaims, Security(guard.checks(is_owner, order=load_order))]

        Args:
            condition: see `watchword.verify.conditions.requires`.
            context: a dependency for each further argument of the condition. They are asked after the guard, so that
                whoever has no token learns nothing from them.

        Raises:
            TypeError: it is no condition, or cannot be called like that.
        """
        if not isinstance(condition, Condition):
            raise TypeError("a condition is made by watchword.verify.conditions.requires")
        inspect.signature(condition.function).bind(None, **context)
        return StricterGuard(self, {}, (), condition, context)

    def sign_in_from_docs(
        self,
        app: FastAPI,
        *,
        client_id: str,
        parameters: Mapping[str, str] | None = None,
        **assets: Unpack[DocsAssets],
    ) -> None:
        """Let the **Authorize** button of ``/docs`` sign people in at the issuer, with PKCE, instead of taking a token.

        Register a public client at the issuer for it, with the redirect URI ``<origin>/docs/oauth2-redirect`` and the
        allowed origin ``<origin>``. Where the issuer cannot be asked, the button takes a token as before.

        Args:
            app: the application; its pages are replaced in their places.
            client_id: of that client.
            parameters: what the authorization request says besides; ``resource``, this API's audience (RFC 8707),
                unless given. Auth0 calls it ``audience``; other issuers tell the API by its scopes: ``{}``.
            assets: where the page loads Swagger UI from, unless from FastAPI's default.

        Raises:
            ValueError: the application has no OpenAPI document.
            VerifierSettingsError: the issuer's metadata cannot be fetched over http.
        """
        DocsSignIn(
            app,
            scheme=self.scheme_name,
            endpoints=EndpointSource(self._metadata_address(), self._options.get("clock") or SystemClock()),
            client_id=client_id,
            parameters={"resource": self.verifier.audience} if parameters is None else parameters,
            assets=assets,
        )

    def metadata_router(self, *, scopes: Sequence[str] = ()) -> APIRouter:
        """Routes that tell clients which issuer to ask for tokens; include them in the application.

        From now on the guard's challenges point there.

        Args:
            scopes: the scopes of this API that clients may ask for.

        Raises:
            ValueError: the audience is not a URL, so that no document can lie under it.

        https://www.rfc-editor.org/rfc/rfc9728#section-3
        """
        document = self.protection.metadata(scopes=scopes)
        router = APIRouter()

        @router.get(self.protection.metadata_path, include_in_schema=False)
        async def protected_resource_metadata() -> JSONResponse:
            return JSONResponse(document, headers={"cache-control": METADATA_CACHE_CONTROL})

        return router

    def _metadata_address(self) -> KeyAddress:
        """Of several issuers the first signs people in."""
        trusted = next(iter(self._options.get("issuers") or ()), None)
        return key_address(
            issuer=self.verifier.issuer,
            metadata_url=self._options.get("metadata_url") if trusted is None else trusted.metadata_url,
            jwks_url=None,
            danger_allow_http=self._options.get("danger_allow_http", False),
        )

    def _needing(self, security_scopes: SecurityScopes) -> tuple[Requirement, ...]:
        names = tuple(security_scopes.scopes)
        found = self._scopes.get(names)
        if found is None:  # once for each list of scopes in the application
            found = self._scopes[names] = requirements(scopes=names)
        return found


class StricterGuard:
    """A `Guard` with further requirements; `Guard.requires` and `Guard.checks` make it.

    It depends on the guard as a route would, so that whatever overrides the guard in a test stands here too, and is
    held against these requirements.

    Args:
        guard: verifies the token.
        needs: what is asked for besides.
        conditions: the same.
        last: a condition that is called with what ``context`` brings.
        context: a dependency for each further argument of ``last``.
    """

    def __init__(
        self,
        guard: Guard,
        needs: Needs,
        conditions: Sequence[Requirement] = (),
        last: Condition | None = None,
        context: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._protection = guard.protection
        scopes = list(needs.get("scopes", ()))
        everything = needed(conditions, needs)
        # Scopes are the guard's to ask for, which shows them in the OpenAPI document.
        self._require = tuple(one for one in everything if not isinstance(one, Scopes))
        self._last = last
        # FastAPI calls it with these, by their names.
        self.__signature__ = inspect.Signature(
            [
                _parameter(_CONNECTION, HTTPConnection),
                _parameter(_CLAIMS, Annotated[Any, Security(guard, scopes=scopes)]),
                *(_parameter(name, Annotated[Any, Depends(brings)]) for name, brings in (context or {}).items()),
            ]
        )

    async def __call__(self, **values: Any) -> VerifiedClaims:
        """See `Guard.__call__`."""
        connection: HTTPConnection = values.pop(_CONNECTION)
        claims: VerifiedClaims = values.pop(_CLAIMS)
        answer_in_own_form(connection)
        try:
            self._protection.suffices(claims, self._require)
            if self._last is not None:
                self._last(claims, **values)
        except VerificationError as error:
            raise GuardRefusal(self._protection.refusal(error)) from error
        if isinstance(connection, WebSocket):
            ask_also(connection, self._protection, self._require)
        return claims


# No name that an argument of a condition could have.
_CONNECTION, _CLAIMS = "watchword_connection", "watchword_claims"


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
