"""Protect a FastAPI application.

guard = Guard(issuer="https://auth.example.com", audience="https://api.example.com")
Reader = Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]

@app.get("/orders")
def orders(caller: Reader) -> list[Order]: ...
"""

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.responses import JSONResponse
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from watchword.clock import Clock
from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.oauth.challenge import www_authenticate
from watchword.oauth.metadata import protected_resource_metadata_url
from watchword.verify import AsyncVerifier, VerificationError, VerifiedClaims, requirements
from watchword.verify.errors import ScopeMissingError, TokenMissingError
from watchword.verify.presented import from_request
from watchword.verify.requirements import Requirement

_log = logging.getLogger("watchword.verify")
_RETRY_AFTER = "5"  # seconds; a client that waits as long finds the issuer's keys, or another refusal


class GuardRefusal(HTTPException):
    """A request that was refused; register a handler for it to answer in another form.

    Args:
        cause: why exactly; its ``code`` is stable.
        told: what the body says of it.
        headers: the challenge.
    """

    def __init__(self, cause: VerificationError, told: VerificationError, headers: dict[str, str]) -> None:
        self.body = {
            "error": told.error or ("temporarily_unavailable" if told.status == 503 else "unauthorized"),
            "error_description": told.sentence,
            "code": told.code,
        }
        super().__init__(status_code=cause.status, detail=self.body, headers=headers)
        self.cause = cause


class Guard(SecurityBase):
    """A dependency that lets a request pass only with an access token that is good for it.

    Used as ``Security(guard, scopes=["orders:read"])``: the scopes are required, all of them, and shown in the API's
    OpenAPI document. `requires` adds roles.

    Args:
        issuer: what ``iss`` must equal, byte for byte.
        audience: the identifier of this API, which ``aud`` must hold.
        profile: how the issuer's tokens are read.
        keys: the issuer's keys, for a guard that never uses the network.
        algorithms: the allow-list; by default every asymmetric algorithm.
        leeway: seconds for which an expired token is still taken, 0 to 300.
        metadata_url: where the issuer's discovery document is fetched, if not under the issuer's own name.
        jwks_url: where its keys are fetched; the discovery document is not asked then.
        danger_allow_http: fetch over plain http from other machines than this one; for a closed container network.
        resource_metadata: the URL of this API's RFC 9728 document, told in every challenge; `metadata_router` sets it.
        danger_explain_refusals: tell whoever sent a token why exactly it is not believed, which helps whoever is trying
            tokens; for demonstrations. Else they learn that it is malformed, expired or invalid, and the log of
            ``watchword.verify`` has the reason.
        clock: where the time comes from.

    Raises:
        VerifierSettingsError: a setting makes no sense.
        ValueError: ``audience`` or ``resource_metadata`` cannot stand in a header.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        profile: str = "rfc9068",
        keys: Key | KeySet | None = None,
        algorithms: Sequence[str] = ASYMMETRIC,
        leeway: float = 0.0,
        metadata_url: str | None = None,
        jwks_url: str | None = None,
        danger_allow_http: bool = False,
        resource_metadata: str | None = None,
        danger_explain_refusals: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.verifier = AsyncVerifier(
            issuer=issuer,
            audience=audience,
            profile=profile,
            keys=keys,
            algorithms=algorithms,
            leeway=leeway,
            metadata_url=metadata_url,
            jwks_url=jwks_url,
            danger_allow_http=danger_allow_http,
            clock=clock,
        )
        self.resource_metadata = resource_metadata
        self._explains = danger_explain_refusals
        # An audience that no header can carry is found now, not at the first refusal.
        self._headers(TokenMissingError())
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token of " + issuer)
        self.scheme_name = "watchword"

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> VerifiedClaims:
        """The verified claims of the request's token.

        Raises:
            GuardRefusal: there are none, or they do not suffice.
        """
        return await self._admit(request, security_scopes, ())

    def requires(self, *, roles: Sequence[str]) -> "RoleGuard":
        """The same guard, which also asks for all of ``roles``; used in its place."""
        return RoleGuard(self, requirements(roles=roles))

    def metadata_router(self, *, scopes: Sequence[str] = ()) -> APIRouter:
        """Routes that tell clients which issuer to ask for tokens; include them in the application.

        From now on the guard's challenges point there.

        Args:
            scopes: the scopes of this API that clients may ask for.

        Raises:
            ValueError: the audience is not a URL, so that no document can lie under it.

        https://www.rfc-editor.org/rfc/rfc9728#section-3
        """
        resource = self.verifier.audience
        url = protected_resource_metadata_url(resource)
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"} or not parts.netloc or "{" in parts.path:
            raise ValueError("the audience is not a URL under which its metadata can lie")
        document = {
            "resource": resource,
            "authorization_servers": [self.verifier.issuer],
            "bearer_methods_supported": ["header"],
            **({"scopes_supported": list(scopes)} if scopes else {}),
        }
        router = APIRouter()

        @router.get(parts.path, include_in_schema=False)
        async def protected_resource_metadata() -> JSONResponse:
            return JSONResponse(document, headers={"cache-control": "public, max-age=300"})

        self.resource_metadata = url
        return router

    async def _admit(
        self, request: Request, security_scopes: SecurityScopes, further: Sequence[Requirement]
    ) -> VerifiedClaims:
        required = (*requirements(scopes=security_scopes.scopes), *further)
        try:
            presented = from_request(request.headers.getlist("authorization"), list(request.query_params))
            return await self.verifier.verify(presented, require=required)
        except VerificationError as error:
            _answer_in_own_form(request)
            _log.info("refused", extra={"error": error.code})
            told = error if self._explains else error.public
            raise GuardRefusal(error, told, self._headers(told)) from error

    def _headers(self, error: VerificationError) -> dict[str, str]:
        if error.status == 503:
            return {"Retry-After": _RETRY_AFTER}
        challenge = www_authenticate(
            realm=self.verifier.audience,
            error=error.error,
            description=None if isinstance(error, TokenMissingError) else error.sentence,
            scopes=error.required if isinstance(error, ScopeMissingError) else (),
            resource_metadata=self.resource_metadata,
        )
        return {"WWW-Authenticate": challenge, "Cache-Control": "no-store"}


class RoleGuard(SecurityBase):
    """A `Guard` with further requirements; `Guard.requires` makes it."""

    def __init__(self, guard: Guard, further: Sequence[Requirement]) -> None:
        self._guard = guard
        self._further = tuple(further)
        self.model = guard.model
        self.scheme_name = guard.scheme_name

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> VerifiedClaims:
        """See `Guard.__call__`."""
        return await self._guard._admit(request, security_scopes, self._further)  # noqa: SLF001  of one file


def _answer_in_own_form(request: Request) -> None:
    """Let refusals be answered with a flat OAuth error body, unless the application answers them itself.

    Starlette hands its handlers to each request; without them FastAPI's own answer, ``{"detail": …}``, still holds
    the same body.
    """
    handlers: tuple[dict[Any, Any], dict[int, Any]] | None = request.scope.get("starlette.exception_handlers")
    if handlers is not None:
        handlers[0].setdefault(GuardRefusal, _answer)


async def _answer(request: Request, refusal: GuardRefusal) -> JSONResponse:
    del request
    return JSONResponse(refusal.body, status_code=refusal.status_code, headers=refusal.headers)
