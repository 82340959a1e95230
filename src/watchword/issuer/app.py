"""The issuer as an ASGI application: which path leads to which endpoint, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from watchword.issuer.context import Issuer
from watchword.issuer.edge.answering import Answering
from watchword.issuer.edge.body import Body
from watchword.issuer.edge.cors import CrossOrigin
from watchword.issuer.edge.headers import SecurityHeaders
from watchword.issuer.edge.hosts import Hosts
from watchword.issuer.edge.refusal import NO_STORE
from watchword.issuer.edge.restored import RefuseRestored
from watchword.issuer.endpoints import paths
from watchword.issuer.endpoints.authorize import authorize
from watchword.issuer.endpoints.discovery import authorization_server_metadata, openid_configuration
from watchword.issuer.endpoints.end_session import end_session
from watchword.issuer.endpoints.health import healthz, readyz
from watchword.issuer.endpoints.introspect import introspect
from watchword.issuer.endpoints.jwks import jwks
from watchword.issuer.endpoints.revocation_events import revocation_events
from watchword.issuer.endpoints.revocation_jwks import revocation_jwks
from watchword.issuer.endpoints.revocation_pages import revocation_pages
from watchword.issuer.endpoints.revocation_poll import revocation_poll
from watchword.issuer.endpoints.revocation_snapshot import revocation_snapshot
from watchword.issuer.endpoints.revoke import revoke
from watchword.issuer.endpoints.status_list import status_list, status_list_aggregation
from watchword.issuer.endpoints.token import token
from watchword.issuer.endpoints.userinfo import userinfo
from watchword.issuer.endpoints.watchword_configuration import watchword_configuration
from watchword.issuer.error_response import json_error
from watchword.issuer.exact_route import exact_route
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.interaction.rendering import STATIC_ROUTE
from watchword.issuer.interaction.routes import ROUTES as PAGES
from watchword.issuer.requests import correlation_id
from watchword.oauth import metadata
from watchword.oauth.errors import OAuthError, TemporarilyUnavailableError
from watchword.store.errors import StoreUnavailableError
from watchword.store.repositories import clients

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, Any]]]

PUBLIC = frozenset(
    {
        metadata.OPENID_CONFIGURATION,
        metadata.AUTHORIZATION_SERVER,
        metadata.WATCHWORD_CONFIGURATION,
        paths.JWKS,
        paths.FEED_JWKS,
        paths.FEED_SNAPSHOT,
        paths.FEED_PAGES,
        paths.FEED_POLL,
        paths.STATUS_LISTS,
    }
)
PUBLIC_BELOW = (f"{paths.STATUS_LISTS}/",)
REGISTERED_ORIGINS = frozenset({paths.TOKEN, paths.USERINFO, paths.REVOKE})
PROBES = frozenset({paths.HEALTHZ, paths.READYZ})


def create_app(issuer: Issuer, *, routes: Sequence[BaseRoute] = (), lifespan: Lifespan | None = None) -> Starlette:
    """The issuer's endpoints and pages, wrapped by the edge.

    Args:
        issuer: everything the endpoints need.
        routes: what is served beside them under the same name: console, set-up.
        lifespan: starts and stops what runs beside requests, such as the key rotation.
    """
    settings = issuer.settings

    async def origins() -> frozenset[str]:
        return await issuer.store.read(clients.origins_allowed)

    application = Starlette(
        routes=[*ENDPOINTS, *PAGES, STATIC_ROUTE, *routes],
        lifespan=lifespan,
        middleware=[
            Middleware(SecurityHeaders, local=settings.local),
            Middleware(
                Answering,
                clock=issuer.clock,
                events=issuer.events,
                spans=issuer.spans,
                trusted_proxies=settings.trusted_proxies,
            ),
            Middleware(Hosts, hosts=settings.answered_hosts, open_paths=PROBES),
            Middleware(RefuseRestored, guard=issuer.guard, open_paths=PROBES),
            Middleware(
                CrossOrigin,
                public=PUBLIC,
                public_below=PUBLIC_BELOW,
                registered=REGISTERED_ORIGINS,
                origins=origins,
            ),
            Middleware(Body),
        ],
        exception_handlers={
            HTTPException: _http_error,
            OAuthError: _oauth_error,
            StoreUnavailableError: _store_unavailable,
        },
    )
    # `/token/` is not `/token`: a redirect would send a form, and what is in it, a second time.
    application.router.redirect_slashes = False
    application.state.issuer = issuer
    return application


ENDPOINTS: tuple[Route, ...] = (
    # First, since routes are tried in turn and most requests are for this one.
    exact_route(paths.TOKEN, token, "POST"),
    exact_route(metadata.OPENID_CONFIGURATION, openid_configuration, "GET", "HEAD"),
    exact_route(metadata.AUTHORIZATION_SERVER, authorization_server_metadata, "GET", "HEAD"),
    exact_route(metadata.WATCHWORD_CONFIGURATION, watchword_configuration, "GET", "HEAD"),
    exact_route(paths.JWKS, jwks, "GET", "HEAD"),
    exact_route(paths.FEED_JWKS, revocation_jwks, "GET", "HEAD"),
    exact_route(paths.FEED_SNAPSHOT, revocation_snapshot, "GET", "HEAD"),
    exact_route(paths.FEED_PAGES, revocation_pages, "GET", "HEAD"),
    exact_route(paths.FEED_POLL, revocation_poll, "GET", "HEAD"),
    exact_route(paths.FEED_EVENTS, revocation_events, "GET"),
    exact_route(paths.STATUS_LISTS, status_list_aggregation, "GET", "HEAD"),
    exact_route(f"{paths.STATUS_LISTS}/{{list_id}}", status_list, "GET", "HEAD"),
    exact_route(paths.AUTHORIZE, authorize, "GET", "POST"),
    exact_route(paths.USERINFO, userinfo, "GET", "POST"),
    exact_route(paths.INTROSPECT, introspect, "POST"),
    exact_route(paths.REVOKE, revoke, "POST"),
    exact_route(paths.END_SESSION, end_session, "GET", "POST"),
    exact_route(paths.HEALTHZ, healthz, "GET", "HEAD"),
    exact_route(paths.READYZ, readyz, "GET", "HEAD"),
)

_SENTENCES = {
    404: ("not_found", "there is nothing here"),
    405: ("method_not_allowed", "this method is not answered here"),
}


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, sentence = _SENTENCES.get(error.status_code, ("invalid_request", "the request cannot be answered"))
    request.scope["state"]["error"] = code
    if "text/html" in request.headers.get("accept", ""):
        response: Response = error_page(request, status=error.status_code, title="Error", sentence=sentence)
    else:
        answer = {"error": code, "error_description": sentence, "correlation_id": correlation_id(request)}
        response = JSONResponse(answer, status_code=error.status_code, headers=NO_STORE)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _oauth_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    return json_error(error, request)


async def _store_unavailable(request: Request, error: Exception) -> Response:
    del error
    return json_error(TemporarilyUnavailableError(retry_after=2), request)
