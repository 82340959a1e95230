"""The tokens of a user's grant, made alike by every grant type that redeems one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from watchword.events import TokenIssued
from watchword.issuer.context import Issuer
from watchword.issuer.gate import subject_may_receive_tokens
from watchword.issuer.grants.grant import TokenRequest, TokenResponse
from watchword.issuer.grants.target import Target
from watchword.issuer.keys.signers import Signers
from watchword.issuer.revocation.status_place import held_by_grant, take_place
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.access_token import AccessTokenContent, access_token
from watchword.issuer.tokens.id_token import id_token
from watchword.issuer.tokens.issued import IssuedToken
from watchword.issuer.tokens.lifetime import access_token_lifetime
from watchword.issuer.tokens.user_claims import claims_of_scopes, requested_claims
from watchword.jose import Key
from watchword.oauth.errors import InvalidGrantError
from watchword.oauth.scope import OPENID, format_scope
from watchword.store.repositories import roles, users
from watchword.store.repositories.clients import Client
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.status_lists import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStanding:
    """What the tokens will say, read in the transaction that permits them.

    ``scopes`` are those this answer is for, of those granted; ``refresh_token`` is what goes out beside the access
    token. ``sid`` and ``nonce`` are for the ID token. ``place`` is where the API's status list tells of the
    access token.
    """

    grant: Grant
    target: Target
    scopes: tuple[str, ...]
    epochs: Epochs
    roles: tuple[str, ...]
    id_token_claims: Mapping[str, Any]
    sid: str | None
    nonce: str | None = None
    refresh_token: str | None = field(default=None, repr=False)
    place: Place | None = None


def pass_gate(connection: Connection, grant: Grant, *, session_id: str | None, signers: Signers, now: float) -> Epochs:
    """The epochs in force, when ``grant`` may still be redeemed.

    Raises:
        InvalidGrantError: it is revoked or expired, one of its epochs was raised, or the gate refuses.
        SignersWithdrawnError: see `subject_may_receive_tokens`.
    """
    if grant.revoked_at is not None or now >= grant.expires_at:
        raise InvalidGrantError
    epochs = subject_may_receive_tokens(
        connection, user_id=grant.user_id, client_id=grant.client_id, session_id=session_id, signers=signers
    )
    if epochs is None or grant.epochs.are_behind(epochs):
        raise InvalidGrantError
    return epochs


def scopes_of_grant(grant: Grant, client: Client) -> tuple[str, ...]:
    """What the user granted and the client may still have: what an operator took away is gone at once (O31)."""
    return tuple(scope for scope in grant.scopes if scope in client.scopes)


def stand(
    connection: Connection,
    grant: Grant,
    client: Client,
    *,
    target: Target,
    scopes: tuple[str, ...],
    epochs: Epochs,
    signers: Signers,
    sid: str | None,
    nonce: str | None,
    refresh_token: str | None,
    settings: IssuerSettings,
    now: float,
) -> UserStanding:
    """Read what the tokens will say about the user; the gate has been passed in the same transaction.

    Where the API wants a status list, the access token gets its place there.

    Raises:
        TemporarilyUnavailableError: a key for them is missing. Here, where nothing is spent yet: a code or refresh
            token used up for an answer nobody can sign would, on the client's next try, be taken for stolen.
    """
    key = signers.access(target.api)
    assert grant.user_id is not None
    claims: dict[str, Any] = {}
    if OPENID in scopes:
        signers.of(client.id_token_alg)
        user = users.find(connection, grant.user_id)
        assert user is not None, "the gate has been passed"
        claims |= requested_claims(user, client, grant, "id_token")
        if target.api is not None:
            # The access token does not open userinfo, so what the scopes ask for travels in the ID token.
            claims |= claims_of_scopes(user, scopes)
    place = None
    if target.api is not None and target.api.status_list:
        held = held_by_grant(target.api, grant, epochs, kid=key.kid)
        place = take_place(connection, settings, held, now=now)
    return UserStanding(
        grant=grant,
        target=target,
        scopes=scopes,
        epochs=epochs,
        roles=roles.roles_of(connection, grant.user_id),
        id_token_claims=claims,
        sid=sid,
        nonce=nonce,
        refresh_token=refresh_token,
        place=place,
    )


def answer(request: TokenRequest, standing: UserStanding, signers: Signers, grant_type: str) -> TokenResponse:
    """Sign the tokens; what they rest on has been committed, so nothing here waits or fails."""
    issuer, grant, now = request.issuer, standing.grant, request.now
    assert grant.user_id is not None
    lifetime = access_token_lifetime(issuer.settings, standing.target.api)
    understood = standing.target.understood(standing.scopes)
    content = AccessTokenContent(
        subject=grant.user_id,
        client_id=grant.client_id,
        audience=standing.target.audience,
        scopes=understood,
        roles=standing.roles,
        epochs=standing.epochs,
        # No token outlives its grant.
        lifetime=min(lifetime, max(int(grant.expires_at) - int(now), 1)),
        grant=grant,
        place=standing.place,
    )
    token = access_token(issuer.settings, signers.access(standing.target.api), content, now=now)
    identity = None
    if OPENID in standing.scopes:
        identity = _identity(issuer, signers.of(request.client.id_token_alg), standing, token, now)
    issuer.events.emit(TokenIssued(now, grant_type, grant.client_id, "access_token"))
    if identity is not None:
        issuer.events.emit(TokenIssued(now, grant_type, grant.client_id, "id_token"))
    if standing.refresh_token is not None:
        issuer.events.emit(TokenIssued(now, grant_type, grant.client_id, "refresh_token"))
    return TokenResponse(
        access_token=token.text,
        expires_in=token.expires_in,
        scope=format_scope(understood),
        refresh_token=standing.refresh_token,
        id_token=None if identity is None else identity.text,
    )


def _identity(issuer: Issuer, key: Key, standing: UserStanding, token: IssuedToken, now: float) -> IssuedToken:
    return id_token(
        issuer.settings,
        key,
        grant=standing.grant,
        sid=standing.sid,
        nonce=standing.nonce,
        access_token=token,
        user_claims=standing.id_token_claims,
        now=now,
    )
