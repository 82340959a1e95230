"""How the console renders: its own templates first, then those of the issuer it shares a design with."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.console.navigation import section_of, sections
from watchword.issuer import csrf
from watchword.issuer.interaction.rendering import Renderer
from watchword.issuer.requests import issuer_of
from watchword.issuer.sessions import SignedIn

render = Renderer("watchword.console", "watchword.issuer.interaction")


def console_page(
    request: Request,
    admitted: SignedIn,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    scripts: bool = False,
    sends: bool = False,
) -> HTMLResponse:
    """Render a page that extends ``console_base.html`` for an administrator who was admitted.

    Args:
        request: whose answer it is.
        admitted: who reads it.
        template: its file name.
        context: what it asks for besides ``csrf_token``.
        status: the HTTP status.
        scripts: whether the page has modules of our own.
        sends: whether they may send requests to this origin.
    """
    around = {
        "user_label": admitted.user.label,
        "sections": sections(issuer_of(request).settings),
        "current_section": section_of(request.url.path),
    }
    return form_page(request, template, {**around, **context}, status=status, scripts=scripts, sends=sends)


def form_page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    scripts: bool = False,
    sends: bool = False,
) -> HTMLResponse:
    """Render a page with a form that only this browser can send.

    Args:
        request: whose answer it is.
        template: its file name.
        context: what it asks for besides ``csrf_token``.
        status: the HTTP status.
        scripts: whether the page has modules of our own.
        sends: whether they may send requests to this origin.
    """
    whole = {"csrf_token": csrf.token(request), **context}
    response = render(request, template, whole, status=status, scripts=scripts, sends=sends)
    csrf.ensure_cookie(response, request)
    return response
