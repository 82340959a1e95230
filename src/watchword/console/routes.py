"""Where the console's pages are. `watchword.wiring` hands them to the issuer's application."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from watchword.console.home import home, sign_out
from watchword.console.paths import CONSOLE, SETUP, SIGN_OUT
from watchword.console.setup import open_setup, submit_setup

Endpoint = Callable[[Request], Awaitable[Response]]


def _route(path: str, endpoint: Endpoint, method: str) -> Route:
    route = Route(path, endpoint, methods=[method])
    # Starlette answers HEAD where it answers GET, running the page for nobody (O10).
    route.methods = {method}
    return route


ROUTES: Sequence[BaseRoute] = (
    _route(SETUP, open_setup, "GET"),
    _route(SETUP, submit_setup, "POST"),
    _route(CONSOLE, home, "GET"),
    _route(SIGN_OUT, sign_out, "POST"),
)
