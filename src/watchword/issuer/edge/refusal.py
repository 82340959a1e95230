"""How the edge says no: JSON, uncached, with the number under which the log knows the request."""

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import Scope

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def refusal(
    scope: Scope, status: int, error: str, sentence: str, *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer that repeats nothing of what was sent."""
    scope["state"]["error"] = error
    return JSONResponse(
        {"error": error, "error_description": sentence, "correlation_id": scope["state"]["correlation_id"]},
        status_code=status,
        headers={**NO_STORE, **(headers or {})},
    )
