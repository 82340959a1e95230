"""How the console renders: its own templates first, then those of the issuer it shares a design with."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.issuer import csrf
from watchword.issuer.interaction.rendering import Renderer

render = Renderer("watchword.console", "watchword.issuer.interaction")


def form_page(
    request: Request, template: str, context: Mapping[str, Any], *, status: int = 200, scripts: bool = False
) -> HTMLResponse:
    """Render a page with a form that only this browser can send.

    Args:
        request: whose answer it is.
        template: its file name.
        context: what it asks for besides ``csrf_token``.
        status: the HTTP status.
        scripts: whether the page has modules of our own.
    """
    response = render(request, template, {"csrf_token": csrf.token(request), **context}, status=status, scripts=scripts)
    csrf.ensure_cookie(response, request)
    return response
