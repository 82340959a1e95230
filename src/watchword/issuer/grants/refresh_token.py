"""Use a refresh token: rotation, the retry of a lost answer, and the end of a family that was stolen from.

https://www.rfc-editor.org/rfc/rfc6749#section-6 https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
The choices are written down in docs/decisions/0010-refresh-token-rotation.md.
"""

from functools import partial

from sqlalchemy import Connection

from watchword.events import GrantRevoked, ReuseDetected
from watchword.failpoints import failpoint
from watchword.issuer.grants.grant import TokenRequest, TokenResponse
from watchword.issuer.grants.target import requested_resource, target_of_grant
from watchword.issuer.grants.user_tokens import UserStanding, answer, pass_gate, scopes_of_grant, stand
from watchword.issuer.keys.signers import Signers
from watchword.issuer.revocation import withdraw
from watchword.issuer.tokens.refresh_token import add_successor, idle_limit, successor_of
from watchword.oauth.bearer import digest
from watchword.oauth.errors import InvalidGrantError, InvalidScopeError
from watchword.oauth.scope import parse_scope
from watchword.store.repositories import refresh_tokens
from watchword.store.repositories.clients import Client
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.refresh_tokens import RefreshToken

REUSED = "refresh_token_reuse"


class RefreshTokenGrant:
    """The grant type ``refresh_token``."""

    grant_type = "refresh_token"

    async def redeem(self, request: TokenRequest) -> TokenResponse:
        """See `GrantType.redeem`."""
        text = request.parameters.require("refresh_token")
        resource = requested_resource(request.parameters)
        scopes = parse_scope(request.parameters.get("scope"))
        signers = await request.issuer.keys.signers()
        outcome = await request.issuer.store.write(
            partial(_redeem, request=request, signers=signers, text=text, resource=resource, requested=scopes)
        )
        failpoint("refresh.after_commit")
        if isinstance(outcome, str):
            request.issuer.events.emit(ReuseDetected(request.now, outcome, "refresh_token"))
            request.issuer.events.emit(GrantRevoked(request.now, outcome, REUSED))
            raise InvalidGrantError
        return answer(request, outcome, signers, self.grant_type)


def is_rotated(client: Client) -> bool:
    """Whether each use of a refresh token gives another: for everybody but confidential clients under ``fapi2``."""
    return client.is_public or client.profile != "fapi2"


def _redeem(
    connection: Connection,
    *,
    request: TokenRequest,
    signers: Signers,
    text: str,
    resource: str | None,
    requested: tuple[str, ...],
) -> UserStanding | str:
    """What the tokens will say; or, when a used token came back, the id of the grant that is revoked now."""
    client, settings, now = request.client, request.issuer.settings, request.now
    found = refresh_tokens.find_with_grant(connection, digest(text))
    if found is None:
        raise InvalidGrantError
    token, grant = found
    if token.client_id != client.id or grant.revoked_at is not None or now >= grant.expires_at:
        raise InvalidGrantError
    if token.used_at is not None and not _is_retry(connection, request, token):
        withdraw.grant(connection, grant.id, reason=REUSED, actor=request.actor, now=now)
        return grant.id
    if now >= token.expires_at:
        raise InvalidGrantError
    session_id = None if grant.offline else grant.session_id
    epochs = pass_gate(connection, grant, session_id=session_id, signers=signers, now=now)
    granted = scopes_of_grant(grant, client)
    if not set(requested) <= set(granted):
        raise InvalidScopeError
    target = target_of_grant(connection, settings, grant, requested=resource)
    successor = _next(connection, request, token, grant, text)
    standing = stand(
        connection,
        grant,
        client,
        target=target,
        scopes=requested or granted,
        epochs=epochs,
        signers=signers,
        sid=grant.sid,
        nonce=None,
        refresh_token=successor,
        settings=settings,
        now=now,
    )
    failpoint("refresh.before_commit")
    return standing


def _is_retry(connection: Connection, request: TokenRequest, token: RefreshToken) -> bool:
    """Whether a used token comes back because its answer was lost, and may have it again (R06).

    Raises:
        InvalidGrantError: nobody can tell, because the client is public: no answer, and the family lives on, since
            several processes of one tool may share the token.
    """
    assert token.used_at is not None
    successor = None if token.successor_hash is None else refresh_tokens.find(connection, token.successor_hash)
    if successor is None or successor.used_at is not None:
        return False
    # The clocks of two workers may differ a little in either direction.
    if abs(request.now - token.used_at) > request.issuer.settings.refresh_grace:
        return False
    if request.client.is_public:
        raise InvalidGrantError
    return True


def _next(connection: Connection, request: TokenRequest, token: RefreshToken, grant: Grant, text: str) -> str | None:
    """The refresh token to answer with; None when the client keeps the one it has."""
    settings, now = request.issuer.settings, request.now
    if token.used_at is None and not is_rotated(request.client):
        refresh_tokens.extend(connection, token.token_hash, expires_at=idle_limit(settings, grant, now=now))
        return None
    successor = successor_of(request.issuer.secrets["refresh"], text)
    if token.used_at is not None:
        return successor
    if not refresh_tokens.use(connection, token.token_hash, successor_hash=digest(successor), now=now):
        # Transactions behave as if they ran one after the other, so this is never reached; should a store ever
        # break that promise, nobody gets a second successor.
        raise InvalidGrantError
    add_successor(connection, settings, grant, successor, parent=token, now=now)
    return successor
