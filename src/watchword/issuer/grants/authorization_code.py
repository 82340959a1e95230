"""Redeem an authorization code, once.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 https://www.rfc-editor.org/rfc/rfc7636#section-4.6
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from watchword.events import GrantRevoked, ReuseDetected
from watchword.failpoints import failpoint
from watchword.issuer.grants.grant import TokenRequest, TokenResponse
from watchword.issuer.grants.target import requested_resource, target_of_grant
from watchword.issuer.grants.user_tokens import UserStanding, answer, pass_gate, scopes_of_grant, stand
from watchword.issuer.keys.signers import Signers
from watchword.issuer.revocation import withdraw
from watchword.issuer.tokens.refresh_token import begin_family
from watchword.oauth import pkce
from watchword.oauth.bearer import digest
from watchword.oauth.errors import InvalidGrantError, InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import authorization_codes, grants, sessions
from watchword.store.repositories.authorization_codes import AuthorizationCode

REUSED = "code_reuse"


@dataclass(frozen=True, slots=True)
class _Reuse:
    """A code came again. ``revoked`` is false when its grant had ended before."""

    grant_id: str
    revoked: bool


class AuthorizationCodeGrant:
    """The grant type ``authorization_code``."""

    grant_type = "authorization_code"

    async def redeem(self, request: TokenRequest) -> TokenResponse:
        """See `GrantType.redeem`."""
        code = request.parameters.require("code")
        resource = requested_resource(request.parameters)
        signers = await request.issuer.keys.signers()
        outcome = await request.issuer.store.write(
            partial(_redeem, request=request, signers=signers, code_hash=digest(code), resource=resource)
        )
        failpoint("code.after_commit")
        if isinstance(outcome, _Reuse):
            request.issuer.events.emit(ReuseDetected(request.now, outcome.grant_id, "authorization_code"))
            if outcome.revoked:
                request.issuer.events.emit(GrantRevoked(request.now, outcome.grant_id, REUSED))
            raise InvalidGrantError
        return answer(request, outcome, signers, self.grant_type)


def _redeem(
    connection: Connection, *, request: TokenRequest, signers: Signers, code_hash: str, resource: str | None
) -> UserStanding | _Reuse:
    """What the tokens will say; or, when the code had been used, what came of that."""
    client, settings, now = request.client, request.issuer.settings, request.now
    code = authorization_codes.find(connection, code_hash)
    if code is None or code.client_id != client.id:
        raise InvalidGrantError
    if code.used_at is not None:
        return _reuse(connection, request, code)
    if now >= code.expires_at:
        raise InvalidGrantError
    _check_redirect_uri(code, request.parameters)
    _check_verifier(code, request.parameters)
    grant = grants.find(connection, code.grant_id)
    if grant is None:
        raise InvalidGrantError
    # The code is the end of a sign-in: the session must still be there, whatever outlives it afterwards.
    epochs = pass_gate(connection, grant, session_id=grant.session_id, signers=signers, now=now)
    target = target_of_grant(connection, settings, grant, requested=resource)
    if not authorization_codes.use(connection, code_hash, now=now):
        return _reuse(connection, request, code)
    refresh_token = None
    if "refresh_token" in client.grant_types:
        refresh_token = begin_family(connection, settings, grant, now=now)
    assert grant.session_id is not None
    sid = sessions.sid_for(connection, grant.session_id, client.id, now=now)
    standing = stand(
        connection,
        grant,
        client,
        target=target,
        scopes=scopes_of_grant(grant, client),
        epochs=epochs,
        signers=signers,
        sid=sid,
        nonce=grant.nonce,
        refresh_token=refresh_token,
        settings=settings,
        now=now,
    )
    failpoint("code.before_commit")
    return standing


def _reuse(connection: Connection, request: TokenRequest, code: AuthorizationCode) -> _Reuse:
    """A code that comes twice has been seen by somebody else: nothing made from it stays good (O20)."""
    revoked = withdraw.grant(connection, code.grant_id, reason=REUSED, actor=request.actor, now=request.now)
    return _Reuse(code.grant_id, revoked=revoked)


def _check_redirect_uri(code: AuthorizationCode, parameters: Parameters) -> None:
    """Exactly the stored one; it may be left out only if the authorization request left it out."""
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None and not code.redirect_uri_sent:
        return
    if redirect_uri != code.redirect_uri:
        raise InvalidGrantError


def _check_verifier(code: AuthorizationCode, parameters: Parameters) -> None:
    """A verifier if and only if there was a challenge: one without the other is a downgrade (O09)."""
    verifier = parameters.get("code_verifier")
    if code.code_challenge is None:
        if verifier is not None:
            raise InvalidGrantError
        return
    if verifier is None:
        raise InvalidRequestError("code_verifier is missing")
    if not pkce.verifier_matches(verifier, code.code_challenge):
        raise InvalidGrantError
