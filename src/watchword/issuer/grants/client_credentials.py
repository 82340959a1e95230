"""A client speaks for itself: https://www.rfc-editor.org/rfc/rfc6749#section-4.4

Nothing is written to the database: the token is the whole of it. Where the API wants a status list, the client's
place in it is, once in an hour.
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from watchword.events import TokenIssued
from watchword.issuer.gate import subject_may_receive_tokens
from watchword.issuer.grants.grant import TokenRequest, TokenResponse
from watchword.issuer.grants.target import Target, find_target, requested_resource
from watchword.issuer.keys.signers import Signers
from watchword.issuer.revocation.status_place import find_place, held_by_client, take_place
from watchword.issuer.settings import IssuerSettings
from watchword.issuer.tokens.access_token import AccessTokenContent, access_token
from watchword.issuer.tokens.lifetime import access_token_lifetime
from watchword.oauth.errors import (
    InvalidClientError,
    InvalidScopeError,
    InvalidTargetError,
    UnauthorizedClientError,
)
from watchword.oauth.scope import format_scope, parse_scope
from watchword.store.repositories import roles
from watchword.store.repositories.clients import Client
from watchword.store.repositories.epochs import Epochs
from watchword.store.repositories.status_lists import Place


@dataclass(frozen=True, slots=True)
class _Standing:
    target: Target
    scopes: tuple[str, ...]
    epochs: Epochs
    roles: tuple[str, ...]
    place: Place | None

    @property
    def lacks_place(self) -> bool:
        """Whether the API wants a status list to tell of the token, and none does yet."""
        return self.place is None and self.target.api is not None and self.target.api.status_list


class ClientCredentials:
    """The grant type ``client_credentials``."""

    grant_type = "client_credentials"

    async def redeem(self, request: TokenRequest) -> TokenResponse:
        """See `GrantType.redeem`."""
        issuer, client = request.issuer, request.client
        if client.is_public:
            raise UnauthorizedClientError
        signers = await issuer.keys.signers()
        job = partial(
            _look_up,
            settings=issuer.settings,
            client=client,
            signers=signers,
            resource=requested_resource(request.parameters),
            requested=parse_scope(request.parameters.get("scope")),
            now=request.now,
        )
        standing = await issuer.store.read(job)
        if standing.lacks_place:
            standing = await issuer.store.write(partial(job, take=True))
        content = AccessTokenContent(
            subject=client.id,
            client_id=client.id,
            audience=standing.target.audience,
            scopes=standing.scopes,
            roles=standing.roles,
            epochs=standing.epochs,
            lifetime=access_token_lifetime(issuer.settings, standing.target.api),
            place=standing.place,
        )
        token = access_token(issuer.settings, signers.access(standing.target.api), content, now=request.now)
        issuer.events.emit(TokenIssued(request.now, self.grant_type, client.id, "access_token"))
        return TokenResponse(access_token=token.text, expires_in=token.expires_in, scope=format_scope(standing.scopes))


def _look_up(
    connection: Connection,
    *,
    settings: IssuerSettings,
    client: Client,
    signers: Signers,
    resource: str | None,
    requested: tuple[str, ...],
    now: float,
    take: bool = False,
) -> _Standing:
    """What the token will say; with ``take`` in a write transaction, in which it gets its place in a status list."""
    epochs = subject_may_receive_tokens(connection, user_id=None, client_id=client.id, session_id=None, signers=signers)
    if epochs is None:
        raise InvalidClientError
    target = find_target(connection, settings, resource or client.default_api or settings.issuer)
    if target.api is not None and target.audience not in client.api_scopes:
        raise InvalidTargetError
    allowed = client.api_scopes.get(target.audience, ())
    if target.api is not None:
        allowed = target.understood(allowed)
    if not set(requested) <= set(allowed):
        raise InvalidScopeError
    place = None
    if target.api is not None and target.api.status_list:
        held = held_by_client(target.api, client.id, epochs, kid=signers.access(target.api).kid)
        place = take_place(connection, settings, held, now=now) if take else find_place(connection, held, now=now)
    return _Standing(target, requested or allowed, epochs, roles.roles_of(connection, client.id), place)
