"""Where the console's pages are. `watchword.wiring` hands them to the issuer's application."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from watchword.console.home import home, sign_out
from watchword.console.paths import CONSOLE, SETUP, SIGN_OUT
from watchword.console.setup import open_setup, submit_setup

ROUTES: Sequence[BaseRoute] = (
    Route(SETUP, open_setup, methods=["GET"]),
    Route(SETUP, submit_setup, methods=["POST"]),
    Route(CONSOLE, home, methods=["GET"]),
    Route(SIGN_OUT, sign_out, methods=["POST"]),
)
