"""What a person sees when something is wrong and there is nowhere to send them."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.issuer.interaction.rendering import render
from watchword.issuer.requests import correlation_id
from watchword.oauth.errors import OAuthError


def error_page(
    request: Request, *, status: int, title: str, sentence: str, error_code: str = "", retry_after: int | None = None
) -> HTMLResponse:
    """A page with one fixed sentence and the id under which the log knows the request.

    Args:
        request: whose answer it is.
        status: the HTTP status.
        title: what went wrong, in two or three words.
        sentence: what went wrong; never repeats what was sent.
        error_code: its name in the specification, where it has one.
        retry_after: seconds after which trying again makes sense.
    """
    context = {
        "title": title,
        "sentence": _as_sentence(sentence),
        "correlation_id": correlation_id(request),
        "status": status,
        "error_code": error_code,
    }
    response = render(request, "error.html", context, status=status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def oauth_error_page(request: Request, error: OAuthError) -> HTMLResponse:
    """An error of the protocol, for a person."""
    request.scope["state"]["error"] = error.error
    return error_page(
        request,
        status=error.status,
        title="This request cannot be answered",
        sentence=error.sentence,
        error_code=error.error,
        retry_after=error.retry_after,
    )


def no_longer_open(request: Request) -> HTMLResponse:
    """The page belongs to a request that has been answered, has expired, or was begun in another browser."""
    return error_page(
        request,
        status=400,
        title="This page is no longer open",
        sentence="the request it belonged to was answered, has expired, or began in another browser",
    )


def form_expired(request: Request) -> HTMLResponse:
    """A form that did not come from the page we last gave this browser (O17)."""
    return error_page(
        request,
        status=403,
        title="This form has expired",
        sentence="it was not sent from the page this browser was last given",
    )


def _as_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
