"""Introspection: https://www.rfc-editor.org/rfc/rfc7662

An API asks about tokens for itself, a client about its own; to everybody else every token is simply not active (O37).
"""

from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.client_auth.authenticate import authenticate, presented_by
from watchword.issuer.client_auth.authorization import authorization_of
from watchword.issuer.client_auth.resource_server import BASIC, find_resource_server
from watchword.issuer.context import Issuer
from watchword.issuer.edge.refusal import NO_STORE
from watchword.issuer.endpoints.token import refuse_query
from watchword.issuer.gate import subject_may_receive_tokens
from watchword.issuer.grants.user_tokens import scopes_of_grant
from watchword.issuer.requests import issuer_of, read_form
from watchword.issuer.tokens.live import find_live
from watchword.oauth.bearer import digest
from watchword.oauth.errors import InvalidClientError
from watchword.oauth.parameters import Parameters
from watchword.oauth.scope import format_scope
from watchword.store.repositories import grants, refresh_tokens
from watchword.store.repositories.apis import Api
from watchword.store.repositories.clients import Client

_INACTIVE = {"active": False}


async def introspect(request: Request) -> Response:
    """What the records say about a token now, to whom it concerns."""
    refuse_query(request)
    issuer = issuer_of(request)
    parameters = await read_form(request)
    caller = await _caller(issuer, authorization_of(request), parameters)
    text = parameters.require("token")
    answer = await _about_access_token(issuer, caller, text)
    if answer is None and isinstance(caller, Client):
        job = partial(_about_refresh_token, issuer=issuer, client=caller, text=text, now=issuer.clock.now())
        answer = await issuer.store.read(job)
    return JSONResponse(answer or _INACTIVE, headers=NO_STORE)


async def _caller(issuer: Issuer, authorization: str | None, parameters: Parameters) -> Api | Client:
    """The API or the confidential client that asks.

    Raises:
        InvalidClientError: it is neither, or cannot prove it.
    """
    method, credentials = presented_by(authorization, parameters)
    if method == BASIC:
        api = await find_resource_server(issuer, credentials)
        if api is not None:
            return api
    client = await authenticate(issuer, authorization, parameters)
    if client.is_public:
        raise InvalidClientError
    return client


async def _about_access_token(issuer: Issuer, caller: Api | Client, text: str) -> dict[str, Any] | None:
    token = await find_live(issuer, text)
    if token is None:
        return None
    concerns = token.audience == caller.identifier if isinstance(caller, Api) else token.client_id == caller.id
    return {"active": True, "token_type": "Bearer", **token.claims} if concerns else None


def _about_refresh_token(
    connection: Connection, *, issuer: Issuer, client: Client, text: str, now: float
) -> dict[str, Any] | None:
    token = refresh_tokens.find(connection, digest(text))
    if token is None or token.client_id != client.id or token.used_at is not None or now >= token.expires_at:
        return None
    grant = grants.find(connection, token.grant_id)
    if grant is None or grant.revoked_at is not None or now >= grant.expires_at:
        return None
    session_id = None if grant.offline else grant.session_id
    epochs = subject_may_receive_tokens(connection, user_id=grant.user_id, client_id=client.id, session_id=session_id)
    if epochs is None or grant.epochs.are_behind(epochs):
        return None
    return {
        "active": True,
        "iss": issuer.settings.issuer,
        "client_id": client.id,
        "sub": grant.user_id,
        "scope": format_scope(scopes_of_grant(grant, client)),
        "iat": int(token.created_at),
        "exp": int(token.expires_at),
        "gid": grant.id,
    }
