"""The benchmark of pages asks for every page there is. Nothing here is timed: no figure decides a test."""

import json

import pytest
from benchmarks.__main__ import main
from starlette.routing import Route

from watchword.console.projects import PROJECTS
from watchword.console.routes import ROUTES

# They lead on to other pages, or are files.
NO_PAGES = {"/console/sign-in", "/console/callback", "/console/start/begin", "/console/playground-callback"}


@pytest.mark.slow
def test_every_page_of_the_console_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pages", "--runs", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["page"] for one in told["pages"]} >= expected()
    assert all(0 < one["median_ms"] <= one["p95_ms"] for one in told["pages"])


def expected() -> set[str]:
    """The pages of the console, by the routes that they have; those of a kind of project for each kind."""
    routes = [route for route in ROUTES if isinstance(route, Route) and "GET" in (route.methods or ())]
    pages = {route.path for route in routes if route.path.startswith("/console") and not route.path.endswith(".zip")}
    return {path.replace("{kind}", kind.name) for path in pages - NO_PAGES for kind in PROJECTS}
