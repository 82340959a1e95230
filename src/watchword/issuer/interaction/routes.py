"""Which path leads to which page; the conformance suite drives these very paths."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchword.issuer.endpoints import paths
from watchword.issuer.interaction.consent import consent
from watchword.issuer.interaction.login import login
from watchword.issuer.interaction.logout import logged_out, logout


def _page(path: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> Route:
    route = Route(path, endpoint, methods=list(methods))
    # Starlette answers HEAD where it answers GET, running the page for nobody (O10).
    route.methods = set(methods)
    return route


ROUTES: tuple[Route, ...] = (
    _page(paths.LOGIN, login, "GET", "POST"),
    _page(paths.CONSENT, consent, "GET", "POST"),
    _page(paths.LOGOUT, logout, "GET", "POST"),
    _page(paths.LOGGED_OUT, logged_out, "GET"),
)
