"""Django's request and response, and what stands between them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, JsonResponse

from watchword.verify import asgi_scope, wsgi_environ
from watchword.verify.claims import VerifiedClaims
from watchword.verify.protection import Protection, Refusal
from watchword.verify.requirements import Requirement

_ADMITTED = "watchword.admitted"


def admit(protection: Protection, request: HttpRequest, require: Sequence[Requirement] = ()) -> VerifiedClaims:
    """The verified claims of ``request``, which has them as ``request.claims`` from now on.

    Raises:
        VerificationError: the request must not be served.
    """
    scope: dict[str, Any] | None = getattr(request, "scope", None)
    if scope is None:
        claims = wsgi_environ.admit(protection, request.environ, require)  # type: ignore[attr-defined]
    else:
        # A synchronous view on an ASGI server.
        admitted = scope.get(_ADMITTED)
        if admitted is None or admitted[0] is not protection:
            presented = asgi_scope.present(protection, scope)
            admitted = scope[_ADMITTED] = (protection, presented, protection.admit(presented))
        claims = protection.suffices(admitted[2], require)
    request.claims = claims  # type: ignore[attr-defined]  # what the view reads
    return claims


async def aadmit(protection: Protection, request: HttpRequest, require: Sequence[Requirement] = ()) -> VerifiedClaims:
    """`admit`, on an event loop."""
    scope: dict[str, Any] | None = getattr(request, "scope", None)
    if scope is None:
        # An asynchronous view on a WSGI server: it has a thread, and a loop, of its own.
        return admit(protection, request, require)
    claims = (await asgi_scope.admit(protection, scope, require))[2]
    request.claims = claims  # type: ignore[attr-defined]  # what the view reads
    return claims


def response(refusal: Refusal) -> JsonResponse:
    """The response that ``refusal`` becomes."""
    return JsonResponse(dict(refusal.body), status=refusal.status, headers=dict(refusal.headers))
