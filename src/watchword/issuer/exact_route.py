"""A route for exactly the methods it names."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]


def exact_route(path: str, endpoint: Endpoint, *methods: str) -> Route:
    """``path`` leads to ``endpoint`` for ``methods`` alone; any other is answered 405.

    Starlette adds HEAD wherever there is GET, which would run an endpoint's effects for nobody to see (O10).
    """
    route = Route(path, endpoint, methods=list(methods))
    route.methods = set(methods)
    return route
