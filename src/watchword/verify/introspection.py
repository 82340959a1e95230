"""Asking the issuer about tokens that say nothing to anybody else (RFC 7662).

The RFC names the client and the scopes in an answer, and no roles; most issuers add what their tokens say. So an
answer is read by its names first and then by those of the issuer's profile, and by no others.
"""

import logging
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from watchword.clock import Clock
from watchword.fetch import Answer, FetchError, Policy, aget_json, apost_form, get_json, post_form
from watchword.jose import claims as rules
from watchword.jose.errors import AudienceMismatchError, ClaimError, JOSEError, TypeMismatchError
from watchword.jose.header import Header
from watchword.jose.jws import MAX_TOKEN_CHARACTERS
from watchword.verify.claims import VerifiedClaims
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.discovery import read_introspection_endpoint
from watchword.verify.errors import (
    IntrospectionUnavailableError,
    MalformedTokenError,
    TokenInactiveError,
    VerificationError,
    from_jose,
)
from watchword.verify.key_address import KeyAddress
from watchword.verify.profile_reading import MAX_CLIENT_ID_CHARACTERS, names, roles_at, words
from watchword.verify.profiles import Profile
from watchword.verify.settings import Expectations

T = TypeVar("T", bound=Hashable)

ENDPOINT_AGE = 3600.0  # seconds after which the metadata is read again
COOL_DOWN = 5.0  # seconds for which nobody asks for metadata that could not be had
LIMITS = Policy(max_bytes=64 * 1024, deadline=5.0)
_BUSY = frozenset({429, 503})
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*\Z")
# What issuers say of access tokens, member by member; a refresh token or an ID token is active too (THREATS J65).
_KINDS: Mapping[str, frozenset[str]] = {
    "token_type": frozenset({"bearer", "dpop"}),  # RFC 7662 section 2.2
    "token_use": frozenset({"access", "access_token"}),  # Ory
    "typ": frozenset({"bearer", "dpop", "at+jwt"}),  # Keycloak; a JWT whose header stands among its claims
}
_log = logging.getLogger("watchword.verify")


class Introspector:
    """Asks one issuer. Shared between threads and event loops.

    Nothing of an answer is kept: a token that is revoked is refused from the next request on. The address is learnt
    from the issuer's metadata, once an hour and after a failure that may mean that it has moved.

    Whether a bound token is the caller's own is not asked here; `watchword.verify.sender` reads the ``cnf`` of the
    claims.

    Args:
        expected: what the token must be. Its profile says where the answer has roles, and what else the client and the
            scopes may be called there; its proofs are for signed tokens and not asked for.
        address: where the issuer's metadata is.
        credentials: who this API is at the issuer.
        clock: judges validity, and measures how long an address is kept.
    """

    def __init__(
        self, expected: Expectations, address: KeyAddress, credentials: ResourceCredentials, *, clock: Clock
    ) -> None:
        self._expected = expected
        self._address = address
        self._headers = {"authorization": credentials.basic()}
        self._clock = clock
        self._found: tuple[str, float] | None = None
        self._retry_at = 0.0

    def introspect(self, unverified_token: str) -> VerifiedClaims:
        """What the issuer says that the token says.

        Args:
            unverified_token: sent to the issuer, in the body of a request.

        Raises:
            MalformedTokenError: no token looks like that; the issuer is not asked.
            TokenInactiveError: the issuer does not vouch for it.
            InvalidTokenError: it does, but not for this API, this moment or this use.
            IntrospectionUnavailableError: the issuer cannot be asked.
        """
        fields = _fields(unverified_token)
        http = self._address.danger_allow_http
        try:
            endpoint = self._at_hand()
            if endpoint is None:
                endpoint = self._learn(get_json(self._address.metadata_url, danger_allow_http=http).value)
            answer = post_form(endpoint, fields, headers=self._headers, policy=LIMITS, danger_allow_http=http)
        except FetchError as error:
            raise self._unreachable(error) from error
        return self._read(answer)

    async def aintrospect(self, unverified_token: str) -> VerifiedClaims:
        """`introspect`, without blocking the event loop."""
        fields = _fields(unverified_token)
        http = self._address.danger_allow_http
        try:
            endpoint = self._at_hand()
            if endpoint is None:
                metadata = await aget_json(self._address.metadata_url, danger_allow_http=http)
                endpoint = self._learn(metadata.value)
            answer = await apost_form(endpoint, fields, headers=self._headers, policy=LIMITS, danger_allow_http=http)
        except FetchError as error:
            raise self._unreachable(error) from error
        return self._read(answer)

    def _at_hand(self) -> str | None:
        """The endpoint; None if it has to be learnt."""
        now = self._clock.monotonic()
        found = self._found  # read once: another thread may forget it
        if found is not None and now < found[1]:
            return found[0]
        if now < self._retry_at:
            raise IntrospectionUnavailableError(detail="the issuer's metadata could not be read a moment ago")
        return None

    def _learn(self, metadata: Mapping[str, Any]) -> str:
        endpoint = read_introspection_endpoint(metadata, self._address)
        self._found = endpoint, self._clock.monotonic() + ENDPOINT_AGE
        return endpoint

    def _unreachable(self, error: FetchError) -> VerificationError:
        if self._found is None:
            self._retry_at = self._clock.monotonic() + COOL_DOWN
        return self._unavailable(f"{error.sentence} ({error.detail})")

    def _unavailable(self, detail: str, *, forget: bool = True) -> VerificationError:
        """Logged, since it is the operator who can do something about it."""
        if forget:
            self._found = None
        _log.error("the issuer cannot be asked about tokens: %s", detail)
        return IntrospectionUnavailableError(detail=detail)

    def _read(self, answer: Answer) -> VerifiedClaims:
        if answer.status == 401:
            raise self._unavailable("our own credentials were refused", forget=False)
        if answer.status != 200 or answer.body is None:
            detail = f"the endpoint answered {answer.status}, or with something that is no JSON object"
            # One that is busy has not moved: to look it up again would ask twice as much of it.
            raise self._unavailable(detail, forget=answer.status not in _BUSY)
        return read_answer(answer.body, self._expected, now=self._clock.now())


def read_answer(answer: Mapping[str, Any], expected: Expectations, *, now: float) -> VerifiedClaims:
    """The claims in an issuer's answer, which is believed about nothing but the token.

    RFC 7662 leaves every member but ``active`` to the issuer. Here ``exp``, ``aud`` and the client must be there:
    section 4 has the issuer see to it that a token is for the API that asks, but not every issuer knows which API asks,
    and a token for another API must not pass because nobody said so.

    Args:
        answer: the JSON object.
        expected: what the token must be.
        now: UTC epoch seconds.

    Raises:
        TokenInactiveError: ``active`` is anything but true.
        InvalidTokenError: which of its kinds says why.

    https://www.rfc-editor.org/rfc/rfc7662#section-2.2
    """
    if answer.get("active") is not True:
        raise TokenInactiveError
    claims = {"iss": expected.issuer, **answer}
    try:
        _check_kind(claims)
        rules.check_issuer(claims, expected=expected.issuer)
        audience = _audience(claims, expected.audiences)
        rules.check_expiry(claims, now=now, leeway=expected.leeway)
        rules.check_not_before(claims, now=now, leeway=expected.leeway)
        if "iat" in claims:
            rules.check_issued_at(claims, now=now, leeway=expected.leeway)
        client_id = _client(claims, expected.profile)
        claims["sub"] = _subject(claims, client_id)
        scopes = _scopes(claims, expected.profile)
        paths = {path for shape in expected.profile.shapes for path in shape.roles}
        roles = frozenset(role for path in paths for role in roles_at(claims, path, audience))
    except JOSEError as error:
        raise from_jose(error) from error
    is_client = claims["sub"] == client_id or _is_own_account(claims, expected.profile)
    return VerifiedClaims(claims, client_id=client_id, scopes=scopes, roles=roles, is_client=is_client)


def _audience(claims: Mapping[str, Any], audiences: tuple[str, ...]) -> str:
    """The first of ``audiences`` for which the token was made."""
    members = rules.audiences(claims)
    for audience in audiences:
        if audience in members:
            return audience
    raise AudienceMismatchError("the token is for another audience", claim="aud")


def _client(claims: Mapping[str, Any], profile: Profile) -> str:
    own = _agreed(shape.client for shape in profile.shapes)
    if own is None or own not in claims:
        return rules.text(claims, "client_id", max_characters=MAX_CLIENT_ID_CHARACTERS)
    client_id = rules.text(claims, own, max_characters=MAX_CLIENT_ID_CHARACTERS)
    if claims.get("client_id", client_id) != client_id:
        raise ClaimError("the claim `client_id` names another client than the issuer's own claim", claim="client_id")
    return client_id


def _scopes(claims: Mapping[str, Any], profile: Profile) -> frozenset[str]:
    if "scope" in claims:
        return words(claims, "scope")
    name = _agreed(shape.scopes for shape in profile.shapes)
    if name is None or name not in claims:
        return frozenset()
    are_words = _agreed(shape.scopes_are for shape in profile.shapes) == "words"
    return words(claims, name) if are_words else frozenset(names(claims, name))


def _agreed(values: Iterable[T]) -> T | None:
    """What all shapes of a profile have; None if they differ, since nothing tells which of them an answer is about."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None


@dataclass(frozen=True, slots=True)
class _Stated:
    """The claims of an answer where marks look for those of a token. It has no header, so that of nothing."""

    claims: Mapping[str, Any]
    header: Header


_NO_HEADER = Header("", None, None, {})


def _is_own_account(claims: Mapping[str, Any], profile: Profile) -> bool:
    stated: Any = _Stated(claims, _NO_HEADER)
    return any(shape.own_account is not None and shape.own_account.holds(stated) for shape in profile.shapes)


def _check_kind(claims: Mapping[str, Any]) -> None:
    for member, kinds in _KINDS.items():
        if member not in claims:
            continue
        kind = claims[member]
        if not isinstance(kind, str) or kind.lower() not in kinds:
            raise TypeMismatchError("the token is not an access token")
        if kind.lower() == "dpop" and "cnf" not in claims:
            # THREATS O45: bound, the issuer says, but not to which key.
            raise ClaimError("the claim `cnf` is missing from a token that is bound", claim="cnf")


def _subject(claims: Mapping[str, Any], client_id: str) -> str:
    """Who the token speaks for. A token without a user may have no ``sub``: it speaks for its client."""
    if "sub" not in claims and "username" not in claims:
        return client_id
    return rules.text(claims, "sub", max_characters=rules.MAX_SUBJECT_CHARACTERS)


def _fields(unverified_token: str) -> tuple[tuple[str, str], ...]:
    if len(unverified_token) > MAX_TOKEN_CHARACTERS or not _TOKEN.match(unverified_token):
        raise MalformedTokenError("the token is too long, or holds characters that no token may hold")
    return ("token", unverified_token), ("token_type_hint", "access_token")
