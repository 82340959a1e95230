"""Which path leads to which page; the conformance suite drives these very paths."""

from starlette.routing import Route

from watchword.issuer.endpoints import paths
from watchword.issuer.exact_route import exact_route
from watchword.issuer.interaction.consent import consent
from watchword.issuer.interaction.login import login
from watchword.issuer.interaction.logout import logged_out, logout

ROUTES: tuple[Route, ...] = (
    exact_route(paths.LOGIN, login, "GET", "POST"),
    exact_route(paths.CONSENT, consent, "GET", "POST"),
    exact_route(paths.LOGOUT, logout, "GET", "POST"),
    exact_route(paths.LOGGED_OUT, logged_out, "GET"),
)
