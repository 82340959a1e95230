"""A page with a form that only this browser can send."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.issuer import csrf
from watchword.issuer.interaction.rendering import render
from watchword.issuer.requests import issuer_of


def form_page(
    request: Request, template: str, context: Mapping[str, Any], *, status: int = 200, leads_to: str | None = None
) -> HTMLResponse:
    """Render ``template`` with a CSRF token and what every page may say about where it is.

    Args:
        request: whose answer it is.
        template: its file name.
        context: what it asks for besides.
        status: the HTTP status.
        leads_to: where redirects after the form may end, besides here.
    """
    settings = issuer_of(request).settings
    around = {"csrf_token": csrf.token(request), "local": settings.local, "issuer_host": settings.host}
    response = render(request, template, {**around, **context}, status=status, form_action=leads_to)
    csrf.ensure_cookie(response, request)
    return response
