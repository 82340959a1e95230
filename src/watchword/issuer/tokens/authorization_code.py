"""Authorization codes: opaque, 256 bit, for a minute, with everything they are bound to in the stored row (O22)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from watchword.issuer.gate import subject_may_receive_tokens
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.bearer import digest, new_bearer
from watchword.oauth.errors import AccessDeniedError
from watchword.oauth.scope import OFFLINE_ACCESS
from watchword.store.identifiers import new_id
from watchword.store.repositories import authorization_codes, clients, grants, sessions
from watchword.store.repositories.audit import Actor, AuditEntry, record
from watchword.store.repositories.authorization_codes import AuthorizationCode
from watchword.store.repositories.clients import Client
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant

PREFIX = "wwc"


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """An authorization that has been checked, signed in for and consented to.

    ``redirect_uri_sent`` says whether the request carried the redirect URI; ``claims`` is the ``claims`` parameter as
    sent; ``auth_time`` is UTC epoch seconds.
    """

    client_id: str
    user_id: str
    session_id: str
    redirect_uri: str
    redirect_uri_sent: bool
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    auth_time: float
    acr: str
    amr: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)


def issue_code(connection: Connection, settings: IssuerSettings, request: CodeRequest, *, now: float) -> str:
    """Record the grant and return a code for it.

    Args:
        connection: the transaction that completes the authorization request.
        settings: lifetimes.
        request: what was granted.
        now: UTC epoch seconds.

    Raises:
        AccessDeniedError: the user, the client or the session may not receive tokens.
    """
    epochs = subject_may_receive_tokens(
        connection, user_id=request.user_id, client_id=request.client_id, session_id=request.session_id
    )
    client = clients.find(connection, request.client_id)
    session = sessions.find(connection, request.session_id)
    if epochs is None or client is None or session is None or now >= session.expires_at:
        raise AccessDeniedError
    sid = sessions.sid_for(connection, request.session_id, request.client_id, now=now)
    grant = _grant(settings, request, client, epochs, sid=sid, session_ends_at=session.expires_at, now=now)
    grants.create(connection, grant)
    actor = Actor("user", request.user_id)
    told = {"client": client.id, "scopes": list(grant.scopes), "resources": list(grant.resources)}
    record(connection, AuditEntry(now, actor, "grant.created", "grant", grant.id, told))
    code = new_bearer(PREFIX)
    row = AuthorizationCode(
        code_hash=digest(code),
        grant_id=grant.id,
        client_id=client.id,
        redirect_uri=request.redirect_uri,
        redirect_uri_sent=request.redirect_uri_sent,
        code_challenge=request.code_challenge,
        created_at=now,
        expires_at=now + settings.code_lifetime,
    )
    authorization_codes.create(connection, row)
    return code


def _grant(
    settings: IssuerSettings,
    request: CodeRequest,
    client: Client,
    epochs: Epochs,
    *,
    sid: str,
    session_ends_at: float,
    now: float,
) -> Grant:
    may_refresh = "refresh_token" in client.grant_types
    offline = may_refresh and OFFLINE_ACCESS in request.scopes
    # Offline access without refresh tokens is an empty promise: it is not granted.
    scopes = tuple(scope for scope in request.scopes if offline or scope != OFFLINE_ACCESS)
    lifetime = settings.refresh_lifetime if may_refresh else settings.code_lifetime + LONGEST
    default = (client.default_api,) if client.default_api is not None else ()
    return Grant(
        id=new_id(),
        user_id=request.user_id,
        client_id=client.id,
        session_id=request.session_id,
        sid=None if offline else sid,
        offline=offline,
        scopes=scopes,
        # Settled now: another default later must not widen what was granted today.
        resources=request.resources or default,
        claims=request.claims,
        nonce=request.nonce,
        auth_time=request.auth_time,
        acr=request.acr,
        amr=request.amr,
        epochs=epochs,
        created_at=now,
        # What is bound to a session ends with it at the latest.
        expires_at=now + lifetime if offline else min(now + lifetime, session_ends_at),
    )
