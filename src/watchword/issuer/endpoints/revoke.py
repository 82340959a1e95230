"""Revocation by the client itself: https://www.rfc-editor.org/rfc/rfc7009"""

from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from watchword.events import GrantRevoked
from watchword.issuer.client_auth.authenticate import authenticate
from watchword.issuer.client_auth.authorization import authorization_of
from watchword.issuer.context import Issuer
from watchword.issuer.edge.refusal import NO_STORE
from watchword.issuer.endpoints.token import refuse_query
from watchword.issuer.requests import by_client, issuer_of, read_form
from watchword.issuer.revocation import withdraw
from watchword.issuer.tokens.live import signed_by_us
from watchword.oauth.bearer import digest
from watchword.store.repositories import refresh_tokens
from watchword.store.repositories.audit import Actor

REASON = "revoked_by_client"


async def revoke(request: Request) -> Response:
    """Withdraw the client's own token. A refresh token takes its whole family along, an access token only itself.

    200 as well for tokens that are unknown, expired or somebody else's, which stay as they are (section 2.2). The
    hint about the type is not needed: no token of one type looks like one of the other.
    """
    refuse_query(request)
    issuer = issuer_of(request)
    parameters = await read_form(request)
    client = await authenticate(issuer, authorization_of(request), parameters)
    text = parameters.require("token")
    actor = by_client(request, client.id)
    if not await _revoke_family(issuer, client.id, text, actor):
        await _revoke_access_token(issuer, client.id, text, actor)
    return Response(status_code=200, headers=NO_STORE)


async def _revoke_family(issuer: Issuer, client_id: str, text: str, actor: Actor) -> bool:
    """Whether ``text`` is a refresh token, whosesoever."""
    now = issuer.clock.now()
    token = await issuer.store.read(partial(refresh_tokens.find, token_hash=digest(text)))
    if token is None:
        return False
    if token.client_id == client_id:
        job = partial(withdraw.grant, grant_id=token.grant_id, reason=REASON, actor=actor, now=now)
        if await issuer.store.write(job):
            issuer.events.emit(GrantRevoked(now, token.grant_id, REASON))
    return True


async def _revoke_access_token(issuer: Issuer, client_id: str, text: str, actor: Actor) -> None:
    signed = await signed_by_us(issuer, text)
    now = issuer.clock.now()
    if signed is None or signed["client_id"] != client_id or now >= signed["exp"]:
        return

    def job(connection: Connection) -> bool:
        return withdraw.token(connection, signed["jti"], signed["exp"], reason=REASON, actor=actor, now=now)

    await issuer.store.write(job)
