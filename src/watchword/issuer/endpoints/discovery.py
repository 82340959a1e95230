"""What this issuer can do, computed from what is registered in it; nothing here is typed twice.

https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
https://www.rfc-editor.org/rfc/rfc8414#section-2
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.client_auth import CLIENT_AUTH_METHODS
from watchword.issuer.endpoints import paths
from watchword.issuer.grants import GRANTS
from watchword.issuer.requests import issuer_of
from watchword.issuer.settings import IssuerSettings
from watchword.oauth import pkce
from watchword.oauth.scope import CLAIMS_OF_SCOPE, STANDARD_SCOPES
from watchword.store.repositories import authentication_contexts

_CACHE = {"Cache-Control": "public, max-age=300"}


async def openid_configuration(request: Request) -> Response:
    """The OpenID Connect discovery document; free of members the specifications do not know."""
    return JSONResponse(await _document(request), headers=_CACHE)


async def authorization_server_metadata(request: Request) -> Response:
    """The RFC 8414 document: the same facts for clients that know no OpenID."""
    return JSONResponse(await _document(request), headers=_CACHE)


async def _document(request: Request) -> dict[str, Any]:
    issuer = issuer_of(request)
    contexts = await issuer.store.read(authentication_contexts.names)
    algorithms = await issuer.keys.signing_algorithms()
    return {
        **oauth_metadata(issuer.settings),
        **openid_metadata(issuer.settings, id_token_algorithms=algorithms),
        "acr_values_supported": contexts,
    }


def oauth_metadata(settings: IssuerSettings) -> dict[str, Any]:
    """The members of RFC 8414."""
    methods = [method.name for method in CLIENT_AUTH_METHODS]
    confidential = [name for name in methods if name != "none"]
    return {
        "issuer": settings.issuer,
        "authorization_endpoint": settings.url(paths.AUTHORIZE),
        "token_endpoint": settings.url(paths.TOKEN),
        "jwks_uri": settings.url(paths.JWKS),
        "introspection_endpoint": settings.url(paths.INTROSPECT),
        "revocation_endpoint": settings.url(paths.REVOKE),
        "scopes_supported": list(STANDARD_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [grant.grant_type for grant in GRANTS],
        "code_challenge_methods_supported": [pkce.METHOD],
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": confidential,
        "revocation_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": True,
        "status_list_aggregation_endpoint": settings.url(paths.STATUS_LISTS),
    }


def openid_metadata(settings: IssuerSettings, *, id_token_algorithms: Sequence[str]) -> dict[str, Any]:
    """The members that OpenID Connect Discovery and RP-Initiated Logout add."""
    claims = [name for names in CLAIMS_OF_SCOPE.values() for name in names]
    return {
        "userinfo_endpoint": settings.url(paths.USERINFO),
        "end_session_endpoint": settings.url(paths.END_SESSION),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(id_token_algorithms),
        "claim_types_supported": ["normal"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", *claims],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
