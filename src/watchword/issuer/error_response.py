"""How an error leaves: https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from watchword.issuer.edge.refusal import NO_STORE
from watchword.issuer.requests import correlation_id
from watchword.oauth.errors import InvalidClientError, OAuthError


def json_error(error: OAuthError, request: Request, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The error as JSON, with the id under which the log knows it.

    Args:
        error: what went wrong.
        request: where; gives the correlation id, and says whether Basic credentials were tried.
        headers: for example ``WWW-Authenticate`` of a protected resource.
    """
    request.scope["state"]["error"] = error.error  # for the log line and the metric
    answer = {
        "error": error.error,
        "error_description": error.sentence,
        "correlation_id": correlation_id(request),
    }
    sent = {**NO_STORE, **(headers or {})}
    if isinstance(error, InvalidClientError):
        # Required when the client tried the header, harmless otherwise.
        sent.setdefault("WWW-Authenticate", 'Basic realm="watchword", charset="UTF-8"')
    if error.retry_after is not None:
        sent["Retry-After"] = str(error.retry_after)
    return JSONResponse(answer, status_code=error.status, headers=sent)
