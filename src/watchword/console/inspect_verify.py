"""Verifying a pasted token as a service would: with our own keys, or with those of an issuer that is named.

The token goes no further than this process. It is nowhere kept and in no log: errors have fixed sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from watchword.console.inspect_checks import Check, checks
from watchword.console.inspect_keys import stranger_keys
from watchword.fetch import FetchError
from watchword.issuer.context import Issuer
from watchword.issuer.tokens.live import find_live
from watchword.jose import JOSEError, base64url
from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.json_object import decode_object
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import split
from watchword.verify import AsyncVerifier, KeysUnavailableError, TokenRevokedError, VerificationError, verify_id_token
from watchword.verify.errors import AlgorithmNotAllowedError, from_jose
from watchword.verify.profiles import PROFILES, by_name

ID_TOKEN = "id_token"  # noqa: S105  a kind of token
KINDS: Mapping[str, str] = {
    "rfc9068": "Access token (RFC 9068, Watchword)",
    ID_TOKEN: "ID token (OpenID Connect)",
    **{profile.name: f"Access token of {profile.name.title()}" for profile in PROFILES if profile.name != "rfc9068"},
}
# One for each type of key, since the published keys of many issuers name none: the one that OpenID Connect begins with.
_ID_TOKEN_ALGORITHMS = tuple(name for name in ASYMMETRIC if name == "RS256" or not name.startswith(("RS", "PS")))
_NO_AUDIENCE = "you named none, so the token's own was taken"
_NOT_ASKED = "only its issuer knows, and was not asked"


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be verified. Its repr does not show the token.

    Args:
        token: the compact JWT.
        issuer: what ``iss`` must equal.
        audience: what ``aud`` must hold; empty to leave that unchecked.
        kind: one of `KINDS`.
    """

    token: str = field(repr=False)
    issuer: str
    audience: str
    kind: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out. ``code`` and ``sentence`` are those of the verifier's error, empty if there is none."""

    issuer: str
    checks: list[Check]
    code: str
    sentence: str


async def verify(ours: Issuer, question: Question) -> Verdict:
    """Every check of ``question.token`` with its result; for tokens of ``ours`` also whether they were withdrawn.

    Raises:
        VerifierSettingsError: nobody could be asked such a question.
        StoreUnavailableError: our own records do not answer.
    """
    is_ours = question.issuer == ours.settings.issuer
    claims: Mapping[str, Any] = {}
    skipped = {} if is_ours and question.kind == "rfc9068" else {"withdrawn": _NOT_ASKED}
    if not question.audience:
        skipped["audience"] = _NO_AUDIENCE
    failure: VerificationError | None = None
    try:
        algorithms = _ID_TOKEN_ALGORITHMS if question.kind == ID_TOKEN else by_name(question.kind).algorithms
        claims = _unverified_claims(question.token, algorithms)
        keys = await (ours.keys.published_keys() if is_ours else _stranger_keys(question.issuer, algorithms))
        if not any(key.alg in algorithms for key in keys):
            raise KeysUnavailableError
        await _judge(ours, question, keys, claims)
    except VerificationError as error:
        failure = error
    if is_ours and question.kind == "rfc9068" and (failure is None or failure.code == "sender_proof_missing"):
        live = await find_live(ours, question.token)
        failure = failure if live is not None else TokenRevokedError("token")
    code, sentence = ("", "") if failure is None else (failure.code, failure.sentence)
    return Verdict(question.issuer, checks(failure, claims, skipped), code, sentence)


def _unverified_claims(token: str, algorithms: tuple[str, ...]) -> Mapping[str, Any]:
    """The claims, for their names and the audience they state; nothing is fetched for a token that no key could save.

    Raises:
        InvalidTokenError: it is malformed, or its algorithm is not one of ``algorithms``.
    """
    try:
        message = split(token)
        claims = decode_object(base64url.decode(message.payload_segment))
    except JOSEError as error:
        raise from_jose(error) from error
    if message.header.alg not in algorithms:
        raise AlgorithmNotAllowedError("the token's algorithm is not allowed")
    return claims


async def _stranger_keys(issuer: str, algorithms: tuple[str, ...]) -> KeySet:
    try:
        return await stranger_keys(issuer, algorithms)
    except FetchError as error:
        raise _KeysNotHadError(error.sentence) from error


class _KeysNotHadError(KeysUnavailableError):
    """The same, and the administrator who typed the address may know why."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.sentence = f"the issuer's keys cannot be had: {why}"


async def _judge(ours: Issuer, question: Question, keys: KeySet, claims: Mapping[str, Any]) -> None:
    """Return if the token holds.

    Raises:
        VerificationError: it does not.
    """
    audience = question.audience or _stated_audience(claims)
    if question.kind == ID_TOKEN:
        # Only the client that asked knows its nonce: here the token's own is taken.
        nonce = claims.get("nonce")
        verify_id_token(
            question.token,
            keys,
            issuer=question.issuer,
            client_id=audience,
            nonce=nonce if isinstance(nonce, str) else None,
            now=ours.clock.now(),
            algorithms=_ID_TOKEN_ALGORITHMS,
        )
        return
    verifier = AsyncVerifier(
        issuer=question.issuer, audience=audience, keys=keys, profile=question.kind, cache=False, clock=ours.clock
    )
    await verifier.verify(question.token)


def _stated_audience(claims: Mapping[str, Any]) -> str:
    """Whom the token says it is for; of issuers that do not say it in ``aud`` the client, which stands for it."""
    for name in ("aud", "client_id", "azp"):
        stated = claims.get(name)
        first = stated[0] if isinstance(stated, list) and stated else stated
        if isinstance(first, str) and first:
            return first
    return "-"
