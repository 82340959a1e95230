"""Userinfo: https://openid.net/specs/openid-connect-core-1_0.html#UserInfo"""

from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.client_auth.authorization import authorization_of
from watchword.issuer.edge.refusal import NO_STORE
from watchword.issuer.error_response import json_error
from watchword.issuer.requests import FORM, issuer_of, read_form, read_query
from watchword.issuer.tokens.live import LiveToken, find_live
from watchword.issuer.tokens.user_claims import claims_of_scopes, requested_claims
from watchword.oauth.challenge import www_authenticate
from watchword.oauth.errors import InsufficientScopeError, InvalidRequestError, InvalidTokenError, OAuthError
from watchword.oauth.scope import OPENID
from watchword.store.repositories import clients, users
from watchword.store.repositories.grants import Grant

REALM = "watchword"


async def userinfo(request: Request) -> Response:
    """What the access token's scopes tell about its user; only for tokens whose audience is the issuer itself."""
    try:
        claims = await _claims(request)
    except OAuthError as error:
        return json_error(error, request, headers={"WWW-Authenticate": _challenge(error)})
    if claims is None:
        # No credentials at all: the challenge carries no error code (RFC 6750 section 3.1).
        return Response(status_code=401, headers={**NO_STORE, "WWW-Authenticate": www_authenticate(realm=REALM)})
    return JSONResponse(claims, headers=NO_STORE)


async def _claims(request: Request) -> dict[str, Any] | None:
    issuer = issuer_of(request)
    text = await _presented_token(request)
    if text is None:
        return None
    token = await find_live(issuer, text)
    if token is None or token.audience != issuer.settings.issuer or token.grant is None:
        raise InvalidTokenError
    if OPENID not in token.scopes:
        raise InsufficientScopeError
    return await issuer.store.read(partial(_about_user, token=token, grant=token.grant))


def _about_user(connection: Connection, *, token: LiveToken, grant: Grant) -> dict[str, Any]:
    user = users.find(connection, token.claims["sub"])
    client = clients.find(connection, token.client_id)
    if user is None or client is None:
        raise InvalidTokenError
    return {
        **claims_of_scopes(user, token.scopes),
        **requested_claims(user, client, grant, "userinfo"),
        "sub": user.id,
    }


async def _presented_token(request: Request) -> str | None:
    """The token from the header, or from the form of a POST; never from the query (O28).

    https://www.rfc-editor.org/rfc/rfc6750#section-2

    Raises:
        InvalidRequestError: it comes in two ways, in the query, or malformed.
    """
    if "access_token" in read_query(request):
        raise InvalidRequestError("an access token must not be sent in the query")
    in_body = None
    if request.method == "POST" and _has_form(request):
        in_body = (await read_form(request)).get("access_token")
    in_header = _in_header(authorization_of(request))
    if in_header is not None and in_body is not None:
        raise InvalidRequestError("the access token is sent in more than one way")
    return in_header or in_body


def _has_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


def _in_header(authorization: str | None) -> str | None:
    if authorization is None:
        return None
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    text = text.strip(" ")
    if not text or " " in text:
        raise InvalidRequestError("the authorization header is malformed")
    return text


def _challenge(error: OAuthError) -> str:
    scopes = (OPENID,) if isinstance(error, InsufficientScopeError) else ()
    return www_authenticate(realm=REALM, error=error.error, description=error.sentence, scopes=scopes)
