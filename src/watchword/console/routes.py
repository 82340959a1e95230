"""Where the console's pages are. `watchword.wiring` hands them to the issuer's application."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from watchword.console.home import home, sign_out
from watchword.console.inspect import inspect
from watchword.console.paths import CALLBACK, CONSOLE, INSPECT, SETUP, SIGN_IN, SIGN_OUT
from watchword.console.setup import set_up
from watchword.console.sign_in import callback, sign_in
from watchword.issuer.exact_route import exact_route

ROUTES: Sequence[BaseRoute] = (
    exact_route(SETUP, set_up, "GET", "POST"),
    exact_route(CONSOLE, home, "GET"),
    exact_route(SIGN_IN, sign_in, "GET"),
    exact_route(CALLBACK, callback, "GET"),
    exact_route(INSPECT, inspect, "GET", "POST"),
    exact_route(SIGN_OUT, sign_out, "POST"),
)
