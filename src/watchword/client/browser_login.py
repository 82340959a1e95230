"""Sign in through a browser: authorization code with PKCE, state, nonce and the issuer's name in the answer.

No I/O here: `begin` gives the address to send the browser to, `read_callback` judges what comes back,
`code_request` says what to post, `accept` turns the answer into tokens. `finish` and `afinish` do the last three.
https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth https://www.rfc-editor.org/rfc/rfc9700#section-2.1
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from watchword.client.discovery import IssuerMetadata
from watchword.client.errors import (
    AuthorizationDeclinedError,
    CallbackError,
    IssuerMismatchError,
    StateMismatchError,
)
from watchword.client.id_token import ExpectedLogin, acheck_id_token, check_id_token
from watchword.client.token_endpoint import FormPost, TokenAnswer, client_post, read_token_answer
from watchword.client.tokens import TokenSet
from watchword.client.transport import apost, post
from watchword.clock import Clock, SystemClock
from watchword.oauth.pkce import METHOD, challenge_of, new_verifier
from watchword.oauth.scope import OPENID, format_scope
from watchword.verify.claims import VerifiedClaims

_MAX_CALLBACK_LENGTH = 8_192
_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who signs people in, and where.

    Args:
        issuer: the metadata of the issuer.
        client_id: as registered there.
        redirect_uri: where the browser comes back to; registered there.
        client_secret: of a confidential client; None for a public one.
        id_token_algorithms: what the client registered; RS256 unless it chose another (OpenID Core section 2).
    """

    issuer: IssuerMetadata
    client_id: str
    redirect_uri: str
    client_secret: str | None = field(default=None, repr=False)
    id_token_algorithms: tuple[str, ...] = ("RS256",)

    def form(self, url: str, fields: Sequence[tuple[str, str]]) -> FormPost:
        """A form to POST to the issuer in this client's name."""
        return client_post(
            url,
            fields,
            client_id=self.client_id,
            client_secret=self.client_secret,
            danger_allow_http=self.issuer.danger_allow_http,
        )


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that has begun. Keep it where only the browser that began it can reach it; use it once.

    Args:
        url: where to send the browser.
        scopes: what is asked for.
        resources: the APIs the tokens are for (RFC 8707).
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


def begin(
    party: RelyingParty,
    *,
    scopes: Sequence[str],
    resources: Sequence[str] = (),
    prompt: str | None = None,
) -> PendingLogin:
    """Begin a login.

    Args:
        party: who asks.
        scopes: what to ask for; ``openid`` is added, as the ID token is what proves the login.
        resources: identifiers of the APIs the access token is for.
        prompt: ``login``, ``consent`` or ``none``; None lets the issuer decide.

    Returns:
        the login; send the browser to its ``url``.
    """
    asked = tuple(dict.fromkeys((OPENID, *scopes)))
    state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), new_verifier()
    pending = PendingLogin("", state, nonce, verifier, asked, tuple(resources))
    return replace(pending, url=authorization_url(party, pending, prompt=prompt))


def authorization_url(party: RelyingParty, pending: PendingLogin, *, prompt: str | None = None) -> str:
    """Where to send the browser for a login whose secrets were chosen: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1

    Args:
        party: who asks.
        pending: the login; its ``url`` is not looked at.
        prompt: see `begin`.
    """
    query = [
        ("response_type", "code"),
        ("client_id", party.client_id),
        ("redirect_uri", party.redirect_uri),
        ("scope", format_scope(pending.scopes)),
        ("state", pending.state),
        ("nonce", pending.nonce),
        ("code_challenge", challenge_of(pending.code_verifier)),
        ("code_challenge_method", METHOD),
        *(("resource", resource) for resource in pending.resources),
    ]
    if prompt is not None:
        query.append(("prompt", prompt))
    endpoint = party.issuer.authorization_endpoint
    return endpoint + ("&" if urlsplit(endpoint).query else "?") + urlencode(query)


def read_callback(party: RelyingParty, pending: PendingLogin, query: str) -> str:
    """The authorization code in the query string that the browser brought back.

    The order matters: an answer that is not for this login, or not from this issuer, is not even read for its
    error. https://www.rfc-editor.org/rfc/rfc9207#section-2.4

    Args:
        party: who began the login.
        pending: the login that was begun.
        query: the raw query string of the redirect, without ``?``.

    Raises:
        StateMismatchError: it answers another login, or none.
        IssuerMismatchError: it comes from another issuer, or does not say from which though it should.
        AuthorizationDeclinedError: the issuer declined.
        CallbackError: it is malformed.
    """
    parameters = _parameters(query)
    if not hmac.compare_digest(parameters.get("state", "").encode(), pending.state.encode()):
        raise StateMismatchError("the answer does not belong to the login that was begun here")
    stated_issuer = parameters.get("iss")
    if stated_issuer is None and party.issuer.states_issuer:
        raise IssuerMismatchError("the answer does not say which issuer it comes from")
    if stated_issuer is not None and stated_issuer != party.issuer.issuer:
        raise IssuerMismatchError("the answer comes from another issuer than the one that was asked")
    if "error" in parameters:
        raise AuthorizationDeclinedError(parameters["error"])
    code = parameters.get("code")
    if not code:
        raise CallbackError("the answer holds no authorization code")
    return code


def code_request(party: RelyingParty, pending: PendingLogin, code: str) -> FormPost:
    """The request that redeems ``code``: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3"""
    fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", party.redirect_uri),
        ("code_verifier", pending.code_verifier),
    ]
    return party.form(party.issuer.token_endpoint, fields)


def accept(pending: PendingLogin, answer: TokenAnswer, id_token: VerifiedClaims, *, now: float) -> TokenSet:
    """The tokens of a finished login.

    Args:
        pending: the login.
        answer: what the token endpoint gave.
        id_token: the ID token of ``answer``, verified.
        now: UTC epoch seconds at which the answer came.
    """
    return TokenSet(
        access_token=answer.access_token,
        expires_at=now + answer.lifetime,
        scopes=pending.scopes if answer.scopes is None else answer.scopes,
        refresh_token=answer.refresh_token,
        id_token=answer.unverified_id_token,
        subject=id_token.sub,
        name=_name(id_token),
    )


def finish(party: RelyingParty, pending: PendingLogin, query: str, *, clock: Clock = _CLOCK) -> TokenSet:
    """Finish a login with what the browser brought back.

    Returns:
        the tokens; the ID token among them has been verified.

    Raises:
        ClientError: see `read_callback`; also TokenRequestError and IdTokenError.
    """
    request = code_request(party, pending, read_callback(party, pending, query))
    answer = read_token_answer(*post(request))
    now = clock.now()
    return accept(pending, answer, check_id_token(answer, _expected(party, pending), now=now), now=now)


async def afinish(party: RelyingParty, pending: PendingLogin, query: str, *, clock: Clock = _CLOCK) -> TokenSet:
    """As `finish`, without blocking the event loop."""
    request = code_request(party, pending, read_callback(party, pending, query))
    answer = read_token_answer(*await apost(request))
    now = clock.now()
    return accept(pending, answer, await acheck_id_token(answer, _expected(party, pending), now=now), now=now)


def _expected(party: RelyingParty, pending: PendingLogin) -> ExpectedLogin:
    return ExpectedLogin(party.issuer, party.client_id, pending.nonce, party.id_token_algorithms)


def _parameters(query: str) -> dict[str, str]:
    if len(query) > _MAX_CALLBACK_LENGTH:
        raise CallbackError("the answer is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError as error:
        raise CallbackError("the answer is malformed") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise CallbackError("the answer says something twice")
    return parameters


def _name(claims: VerifiedClaims) -> str | None:
    for member in ("name", "preferred_username", "email"):
        value = claims.get(member)
        if isinstance(value, str) and value:
            return value
    return None
