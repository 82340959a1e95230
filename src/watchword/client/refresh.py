"""Renew an access token once, however many threads and processes of one tool want it at the same moment.

A public client's refresh token is replaced at each use, and using a replaced one ends the login. So: one at a time
per entry, and whoever gets its turn looks first whether somebody else has already done the work.
https://www.rfc-editor.org/rfc/rfc6749#section-6 https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
"""

from collections.abc import Sequence
from dataclasses import replace

from watchword.client.browser_login import RelyingParty
from watchword.client.errors import NotSignedInError, TokenRequestError
from watchword.client.saved_login import SavedLogin, load_login, save_login
from watchword.client.token_cache import TokenCache
from watchword.client.token_endpoint import FormPost, TokenAnswer, read_token_answer
from watchword.client.tokens import DEFAULT_MARGIN, TokenSet
from watchword.client.transport import apost, post
from watchword.clock import Clock, SystemClock

_CLOCK = SystemClock()


def refresh_request(party: RelyingParty, tokens: TokenSet, *, resources: Sequence[str] = ()) -> FormPost:
    """The request that renews ``tokens``.

    Raises:
        NotSignedInError: there is no refresh token.
    """
    if tokens.refresh_token is None:
        raise NotSignedInError("the login has ended and cannot be renewed; sign in again")
    fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token),
        *(("resource", resource) for resource in resources),
    ]
    return party.form(party.issuer.token_endpoint, fields)


def renewed(tokens: TokenSet, answer: TokenAnswer, *, now: float) -> TokenSet:
    """``tokens`` with what the answer replaced.

    A new ID token in it is left unread: who signed in was settled at the login and a refresh cannot change it.
    """
    return replace(
        tokens,
        access_token=answer.access_token,
        expires_at=now + answer.lifetime,
        scopes=tokens.scopes if answer.scopes is None else answer.scopes,
        refresh_token=answer.refresh_token or tokens.refresh_token,
    )


def refresh(party: RelyingParty, tokens: TokenSet, *, resources: Sequence[str] = (), clock: Clock = _CLOCK) -> TokenSet:
    """Renew ``tokens``; the caller sees to it that nobody else does so at the same time.

    Raises:
        NotSignedInError: there is no refresh token.
        TokenRequestError: the issuer refused; ``invalid_grant`` means that the login has ended.
    """
    answer = read_token_answer(*post(refresh_request(party, tokens, resources=resources)))
    return renewed(tokens, answer, now=clock.now())


async def arefresh(
    party: RelyingParty, tokens: TokenSet, *, resources: Sequence[str] = (), clock: Clock = _CLOCK
) -> TokenSet:
    """As `refresh`, without blocking the event loop."""
    answer = read_token_answer(*await apost(refresh_request(party, tokens, resources=resources)))
    return renewed(tokens, answer, now=clock.now())


def fresh_login(
    cache: TokenCache,
    api: str,
    *,
    margin: float = DEFAULT_MARGIN,
    clock: Clock = _CLOCK,
) -> SavedLogin:
    """The kept login for ``api``, renewed when its access token ends within ``margin`` seconds.

    Raises:
        NotSignedInError: there is none, or it has ended.
        ClientError: it could not be renewed; the kept tokens are left as they were.
    """
    login = load_login(cache, api)
    if login.tokens.is_fresh(clock.now(), margin=margin):
        return login
    with cache.locked(api):
        # Somebody may have renewed it while this one waited: their successor is the only token that still works.
        login = load_login(cache, api)
        if login.tokens.is_fresh(clock.now(), margin=margin):
            return login
        return _renew(cache, login, clock)


def _renew(cache: TokenCache, login: SavedLogin, clock: Clock) -> SavedLogin:
    party = login.relying_party()
    try:
        tokens = refresh(party, login.tokens, resources=(login.resource,), clock=clock)
    except TokenRequestError as refusal:
        if refusal.error == "invalid_grant":
            cache.delete(login.api)
            raise NotSignedInError("the login has ended; sign in again") from refusal
        raise
    login = replace(login, tokens=tokens)
    save_login(cache, login)
    return login
