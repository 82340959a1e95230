"""Protect a FastAPI application.

guard = Guard(issuer="https://auth.example.com", audience="https://api.example.com")
Reader = Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]

@app.get("/orders")
def orders(caller: Reader) -> list[Order]: ...
"""

from collections.abc import Sequence
from typing import Any, Unpack

from fastapi import APIRouter, HTTPException, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.responses import JSONResponse
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from watchword.verify import AsyncVerifier, VerificationError, VerifiedClaims, requirements
from watchword.verify.protection import METADATA_CACHE_CONTROL, Protection, ProtectionOptions, Refusal
from watchword.verify.requirements import Requirement


class GuardRefusal(HTTPException):
    """A request that was refused; register a handler for it to answer in another form.

    Args:
        refusal: why exactly (``cause``; its ``code`` is stable), and what is answered.
    """

    def __init__(self, refusal: Refusal) -> None:
        self.body = dict(refusal.body)
        super().__init__(status_code=refusal.status, detail=self.body, headers=dict(refusal.headers))
        self.cause = refusal.cause


class Guard(SecurityBase):
    """A dependency that lets a request pass only with an access token that is good for it.

    Used as ``Security(guard, scopes=["orders:read"])``: the scopes are required, all of them, and shown in the API's
    OpenAPI document. `requires` adds roles and whatever else `watchword.verify.requirements` knows.

    Args:
        options: ``issuer`` and ``audience`` at least; all of them are described in
            `watchword.verify.protection.ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience or ``resource_metadata`` cannot stand in a header.
    """

    def __init__(self, **options: Unpack[ProtectionOptions]) -> None:
        self.protection = Protection(**options)
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token of " + self.verifier.issuer)
        self.scheme_name = "watchword"

    @property
    def verifier(self) -> AsyncVerifier:
        """What verifies the tokens."""
        return self.protection.averifier

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> VerifiedClaims:
        """The verified claims of the request's token.

        Raises:
            GuardRefusal: there are none, or they do not suffice.
        """
        return await self._admit(request, security_scopes, ())

    def requires(self, *further: Requirement, roles: Sequence[str] = ()) -> "StricterGuard":
        """The same guard, which also asks for all of ``roles`` and for everything in ``further``; used in its place."""
        return StricterGuard(self, (*requirements(roles=roles), *further))

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

    async def _admit(
        self, request: Request, security_scopes: SecurityScopes, further: Sequence[Requirement]
    ) -> VerifiedClaims:
        protection = self.protection
        required = (*requirements(scopes=security_scopes.scopes), *further)
        headers = request.headers
        try:
            presented = protection.present(
                authorization=headers.getlist("authorization"),
                query_names=list(request.query_params),
                proofs=headers.getlist("dpop"),
                method=request.method,
                path=_path_as_received(request.scope),
                certificate=request.scope.get("extensions", {}).get("tls_client_certificate"),
                certificate_header=(
                    headers.getlist(protection.certificate_header) if protection.certificate_header else ()
                ),
            )
            return await protection.aadmit(presented, required)
        except VerificationError as error:
            _answer_in_own_form(request)
            raise GuardRefusal(protection.refusal(error)) from error


class StricterGuard(SecurityBase):
    """A `Guard` with further requirements; `Guard.requires` makes it."""

    def __init__(self, guard: Guard, further: Sequence[Requirement]) -> None:
        self._guard = guard
        self._further = tuple(further)
        self.model = guard.model
        self.scheme_name = guard.scheme_name

    async def __call__(self, request: Request, security_scopes: SecurityScopes) -> VerifiedClaims:
        """See `Guard.__call__`."""
        return await self._guard._admit(request, security_scopes, self._further)  # noqa: SLF001  of one file


def _path_as_received(scope: Any) -> str:
    """Percent-encoded, as a DPoP proof names it; servers that do not hand it on give the decoded path."""
    raw: bytes | None = scope.get("raw_path")
    return raw.decode("latin-1") if raw else str(scope.get("path", ""))


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
