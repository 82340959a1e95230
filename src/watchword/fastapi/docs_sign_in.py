"""Signing in from the interactive documentation: its **Authorize** button gets a token from the issuer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypedDict
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from watchword.fastapi.docs_pages import RETURN_HEADERS, RETURN_PAGE, listening
from watchword.fastapi.sign_in_endpoints import EndpointSource, SignInEndpoints

_Endpoint = Callable[[Request], Awaitable[Response]]


class DocsAssets(TypedDict, total=False):
    """Where the documentation's page loads Swagger UI from; FastAPI's defaults are on other people's servers."""

    swagger_js_url: str
    """The script."""

    swagger_css_url: str
    """The stylesheet."""

    swagger_favicon_url: str
    """The page's icon."""


class DocsSignIn:
    """Makes the documentation of one application sign people in, by the authorization-code flow with PKCE.

    Args:
        app: the application.
        scheme: the name of the security scheme in its OpenAPI document.
        endpoints: where the issuer signs people in.
        client_id: the documentation's own client at the issuer.
        parameters: what an authorization request says besides.
        assets: see `DocsAssets`.

    Raises:
        ValueError: the application has no OpenAPI document, or no page for the way back.

    https://www.rfc-editor.org/rfc/rfc7636
    """

    def __init__(
        self,
        app: FastAPI,
        *,
        scheme: str,
        endpoints: EndpointSource,
        client_id: str,
        parameters: Mapping[str, str],
        assets: DocsAssets,
    ) -> None:
        if not app.openapi_url or not app.swagger_ui_oauth2_redirect_url:
            raise ValueError("the application has no OpenAPI document, or no page to come back to from a sign-in")
        self._app = app
        self._scheme = scheme
        self._endpoints = endpoints
        self._client_id = client_id
        self._parameters = dict(parameters)
        self._assets = assets
        self._openapi = app.openapi
        # FastAPI's own way of extending the document.
        app.openapi = self.openapi  # type: ignore[method-assign]
        served = next(route for route in app.router.routes if _is_at(app.openapi_url, route))
        assert isinstance(served, Route)
        self._serve_openapi: _Endpoint = served.endpoint
        _put(app, app.openapi_url, self._answer_openapi)
        _put(app, app.docs_url or "/docs", self._answer_docs)
        _put(app, app.swagger_ui_oauth2_redirect_url, self._answer_return)

    def openapi(self) -> dict[str, Any]:
        """The application's OpenAPI document, in which the scheme is a sign-in once the issuer's endpoints are known.

        Nothing is fetched here: whoever calls it may be a build, or on an event loop.
        """
        document = self._openapi()
        endpoints = self._endpoints.known
        components = document.get("components", {})
        schemes = components.get("securitySchemes", {})
        if endpoints is None or self._scheme not in schemes:
            return document
        scheme = self._sign_in(endpoints, self._scopes(document))
        return {**document, "components": {**components, "securitySchemes": {**schemes, self._scheme: scheme}}}

    async def _answer_openapi(self, request: Request) -> Response:
        await self._endpoints.learn()
        return await self._serve_openapi(request)

    async def _answer_docs(self, request: Request) -> Response:
        prefix = request.scope.get("root_path", "").rstrip("/")
        app = self._app
        page = get_swagger_ui_html(
            openapi_url=f"{prefix}{app.openapi_url}",
            title=f"{app.title} - Swagger UI",
            oauth2_redirect_url=f"{prefix}{app.swagger_ui_oauth2_redirect_url}",
            init_oauth={
                **(app.swagger_ui_init_oauth or {}),
                "clientId": self._client_id,
                "usePkceWithAuthorizationCodeGrant": True,
                "scopes": self._scopes(self._openapi()),
            },
            swagger_ui_parameters=app.swagger_ui_parameters,
            **self._assets,
        )
        return HTMLResponse(listening(bytes(page.body)))

    async def _answer_return(self, request: Request) -> Response:
        del request
        return HTMLResponse(RETURN_PAGE, headers=RETURN_HEADERS)

    def _sign_in(self, endpoints: SignInEndpoints, scopes: list[str]) -> dict[str, Any]:
        """The scheme. Swagger UI would send further parameters to the token endpoint too, in a query, where tokens
        have no business; so they stand in the authorization endpoint's own.
        """
        separator = "&" if "?" in endpoints.authorization else "?"
        further = separator + urlencode(self._parameters) if self._parameters else ""
        flow = {
            "authorizationUrl": endpoints.authorization + further,
            "tokenUrl": endpoints.token,
            "scopes": dict.fromkeys(scopes, ""),
        }
        # Swagger UI's form has a field for a secret in any case.
        description = "Sign in at the issuer, in a window that opens. There is no client secret: leave it empty."
        return {"type": "oauth2", "description": description, "flows": {"authorizationCode": flow}}

    def _scopes(self, document: Mapping[str, Any]) -> list[str]:
        """Every scope that some operation needs, in the order of the document."""
        operations = (
            operation
            for path in document.get("paths", {}).values()
            for operation in path.values()
            if isinstance(operation, dict)
        )
        found = (
            scope
            for operation in operations
            for needed in operation.get("security", ())
            for scope in needed.get(self._scheme, ())
        )
        return list(dict.fromkeys(found))


def _put(app: FastAPI, path: str, endpoint: _Endpoint) -> None:
    """Serve ``path`` by ``endpoint``, in the place of what FastAPI has put there."""
    route = Route(path, endpoint, include_in_schema=False)
    routes = app.router.routes
    for place, known in enumerate(routes):
        if _is_at(path, known):
            routes[place] = route
            return
    routes.append(route)


def _is_at(path: str, route: Any) -> bool:
    return isinstance(route, Route) and route.path == path
