"""Where the console's pages are. `watchword.wiring` hands them to the issuer's application."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from watchword.console import paths, start
from watchword.console.home import home, sign_out
from watchword.console.inspect import inspect
from watchword.console.playground.attack_page import attack
from watchword.console.playground.callback import callback as playground_callback
from watchword.console.playground.choose import choose
from watchword.console.playground.project_page import download, project
from watchword.console.playground.run_page import run
from watchword.console.setup import set_up
from watchword.console.sign_in import callback, sign_in
from watchword.issuer.exact_route import exact_route

ROUTES: Sequence[BaseRoute] = (
    exact_route(paths.SETUP, set_up, "GET", "POST"),
    exact_route(paths.CONSOLE, home, "GET"),
    exact_route(paths.SIGN_IN, sign_in, "GET"),
    exact_route(paths.CALLBACK, callback, "GET"),
    exact_route(paths.START, start.page, "GET", "POST"),
    exact_route(paths.START_BEGIN, start.begin, "GET"),
    exact_route(paths.START_YOURS, start.look, "POST"),
    exact_route(paths.PLAYGROUND, choose, "GET"),
    exact_route(paths.PLAYGROUND_CALLBACK, playground_callback, "GET"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}", project, "GET", "POST"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}/project.zip", download, "GET"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}/run", run, "GET", "POST"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}/attack", attack, "GET", "POST"),
    exact_route(paths.INSPECT, inspect, "GET", "POST"),
    exact_route(paths.SIGN_OUT, sign_out, "POST"),
)
