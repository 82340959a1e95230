"""The one answer to an authorization request: a code, or an error, always with ``iss`` and the client's ``state``."""

from collections.abc import Mapping

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.checks.draft import Draft
from watchword.issuer.interaction.error_page import no_longer_open
from watchword.issuer.requests import by_user
from watchword.issuer.sessions import SignedIn
from watchword.issuer.tokens.authorization_code import CodeRequest, issue_code
from watchword.oauth.bearer import digest
from watchword.oauth.errors import AccessDeniedError, OAuthError
from watchword.store.repositories import audit, authorization_requests, consents
from watchword.store.repositories.audit import AuditEntry


async def grant(
    request: Request, draft: Draft, signed_in: SignedIn, *, flow_id: str | None = None, consented: bool = False
) -> Response:
    """Give the client its code, in one transaction that also closes the request and remembers the consent.

    Args:
        request: the browser's.
        draft: the checked authorization request.
        signed_in: who grants it.
        flow_id: under which it was kept, if it was; a request is answered once.
        consented: whether the user has just allowed it.
    """
    issuer, now = draft.issuer, draft.now
    user_id, actor = signed_in.user.id, by_user(request, signed_in.user.id)

    def finish(connection: Connection) -> str | None:
        if flow_id is not None and not authorization_requests.complete(connection, digest(flow_id), now=now):
            return None
        if consented:
            consents.remember(
                connection,
                user_id=user_id,
                client_id=draft.client.id,
                scopes=draft.scopes,
                resources=draft.resources,
                now=now,
            )
            told = {"client": draft.client.id, "scopes": list(draft.scopes), "resources": list(draft.resources)}
            audit.record(connection, AuditEntry(now, actor, "consent.given", "user", user_id, told))
        return issue_code(connection, issuer.settings, _code_request(draft, signed_in), now=now)

    try:
        code = await issuer.store.write(finish)
    except OAuthError as error:
        return refuse(request, draft, error)
    return no_longer_open(request) if code is None else _answer(draft, {"code": code})


async def deny(request: Request, draft: Draft, flow_id: str, error: OAuthError | None = None) -> Response:
    """Close the request with an error: ``access_denied`` unless another is given."""
    now = draft.now
    closed = await draft.issuer.store.write(
        lambda connection: authorization_requests.complete(connection, digest(flow_id), now=now)
    )
    if not closed:
        return no_longer_open(request)
    return refuse(request, draft, error or AccessDeniedError("the user denied the request"))


def refuse(request: Request, draft: Draft, error: OAuthError) -> Response:
    """Send ``error`` to the client: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"""
    request.scope["state"]["error"] = error.error
    return _answer(draft, {"error": error.error, "error_description": error.sentence})


def _answer(draft: Draft, parameters: Mapping[str, str]) -> Response:
    # https://www.rfc-editor.org/rfc/rfc9207#section-2: also with errors, so that a client can tell whose they are.
    told = {**parameters, "iss": draft.issuer.settings.issuer}
    if draft.state is not None:
        told["state"] = draft.state
    return draft.response_mode.answer(draft.redirect_uri, told)


def _code_request(draft: Draft, signed_in: SignedIn) -> CodeRequest:
    return CodeRequest(
        client_id=draft.client.id,
        user_id=signed_in.user.id,
        session_id=signed_in.session.id,
        redirect_uri=draft.redirect_uri,
        redirect_uri_sent=draft.redirect_uri_sent,
        scopes=draft.scopes,
        resources=draft.resources,
        nonce=draft.nonce,
        code_challenge=draft.code_challenge,
        auth_time=signed_in.session.auth_time,
        acr=signed_in.session.acr,
        amr=signed_in.session.amr,
        claims=draft.claims,
    )
