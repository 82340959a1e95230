"""What both verifiers do with a token. No I/O: what has to be fetched is handed to the driver as a `Need`."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self
from weakref import WeakSet

from watchword.jose import jwt
from watchword.jose.errors import AlgorithmNotAllowedError, JOSEError
from watchword.jose.json_object import decode_object
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.jose.jws import UnverifiedMessage, split
from watchword.jose.known_header import KnownHeader
from watchword.verify import access_token
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import (
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownKeyError,
    from_jose,
)
from watchword.verify.introspection import Introspector
from watchword.verify.key_cache import Snapshot
from watchword.verify.key_source import KeySource
from watchword.verify.needs import AnswerNeeded, KeysNeeded, LookNeeded, Need, ProofNeeded, StatusNeeded
from watchword.verify.ordinary_token import Ordinary
from watchword.verify.presented import PresentedToken
from watchword.verify.profiles import RFC9068
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.reader import JournalReader
from watchword.verify.sender import SenderCheck
from watchword.verify.settings import VerifierSettings
from watchword.verify.status import VerifierStatus
from watchword.verify.token_cache import TokenCache, Verdict
from watchword.verify.trusted_at_work import TrustedAtWork, at_work

MAX_KNOWN_HEADERS = 64
_NOT_PRESENTED = "a token is a str, or a PresentedToken"


@dataclass(frozen=True, slots=True)
class Known:
    """A header that was found good, with the key that it names, and what reads tokens under it.

    Args:
        opener: the header.
        issuer: whose it is.
        source: where its keys come from,
        at_hand: and the state of that in which the header was found good: it holds as long as that does.
        kid: what the header calls the key.
        read_payload: see `KnownHeader.payload`.
        read_ordinary: see `OrdinaryTokens.read`.
    """

    opener: KnownHeader
    issuer: TrustedAtWork
    source: KeySource
    at_hand: Snapshot
    kid: str | None
    read_payload: Callable[[str], bytes]
    read_ordinary: Callable[[bytes, float], Ordinary | None]

    @classmethod
    def of(cls, message: UnverifiedMessage, key: Key, at_hand: Snapshot, issuer: TrustedAtWork) -> Self:
        """The header of a token that was found good."""
        opener = KnownHeader(message, key)
        return cls(opener, issuer, issuer.keys, at_hand, message.header.kid, opener.payload, issuer.read_ordinary)


class Verification:
    """The rules, and what they remember. Shared between threads, event loops and both verifiers.

    Attributes:
        attempt: takes a token, as text or with all that was presented with it, and gives its claims if nothing has to
            be fetched for them; None if something has, see `steps`. Raises `VerificationError` if the token must not
            be believed, and `TypeError` if it is neither text nor something presented.
    """

    def __init__(self, settings: VerifierSettings) -> None:
        self.settings = settings
        self._clock = settings.clock
        self._cache = TokenCache(settings.cached_tokens)
        self._known: dict[str, Known] = {}
        self._remembers = settings.cached_tokens > 0
        self.attempt = self._recall if self._remembers else self._attempt_anew
        self._sender = SenderCheck(settings.sender, settings.audience, settings.clock)
        self._demands_proof = settings.sender.dpop == "require"
        self._shares_replays = settings.sender.replay is not None
        self.issuers = tuple(at_work(settings))
        self._by_name: Mapping[str, TrustedAtWork] = {issuer.expected.issuer: issuer for issuer in self.issuers}
        self._only = self.issuers[0] if len(self.issuers) == 1 else None
        watches = any(issuer.journal is not None or issuer.status_lists is not None for issuer in self.issuers)
        self._is_plain = not (self._remembers or self._demands_proof or watches)
        self._introspector = None
        if settings.introspection and settings.credentials is not None:
            first = settings.issuers[0]
            self._introspector = Introspector(first.expected, first.address, settings.credentials, clock=self._clock)
        _alive.add(self)

    def status(self) -> VerifierStatus:
        """How it is doing."""
        monotonic = self._clock.monotonic()
        return VerifierStatus(
            tuple(issuer.status(monotonic) for issuer in self.issuers),
            len(self._cache),
        )

    def _recall(self, token: str | PresentedToken) -> VerifiedClaims | None:
        """`attempt`, of a token that may have been seen before. Each request passes here: no call is spent."""
        if isinstance(token, str):
            presented, text = None, token
        elif isinstance(token, PresentedToken):
            presented, text = token, token.unverified_token
        else:
            raise TypeError(_NOT_PRESENTED)
        cache = self._cache
        verdict = cache.younger.get(text) or cache.get(text)
        if verdict is None:
            return self._attempt_anew(token)
        now, monotonic = self._clock.moment()
        issuer = verdict.issuer
        at_hand = issuer.keys.cache.snapshot
        if at_hand is None or at_hand.keys is not verdict.keys or monotonic >= at_hand.renew_at:
            return None
        if not verdict.not_before <= now < verdict.expires_at:
            raise self._out_of_time(text, verdict, now)
        journal = issuer.journal
        if journal is not None and (monotonic >= journal.look_at or verdict.generation != journal.generation):
            return None
        if issuer.status_lists is not None and "status" in verdict.claims:
            return None
        if verdict.is_bound or self._demands_proof or (presented is not None and presented.scheme != "Bearer"):
            return self._proven(presented, text, verdict.claims, now)
        return verdict.claims

    def _attempt_anew(self, token: str | PresentedToken) -> VerifiedClaims | None:  # noqa: C901, PLR0912  no call spent
        """`attempt`, of a token that is not remembered."""
        if isinstance(token, str):
            presented, text = None, token
        elif isinstance(token, PresentedToken):
            presented, text = token, token.unverified_token
        else:
            raise TypeError(_NOT_PRESENTED)
        if self._introspector is not None and self._is_opaque(text):
            return None
        now, monotonic = self._clock.moment()
        known = self._known.get(text[: text.find(".")])
        if known is not None and known.source.cache.snapshot is known.at_hand and monotonic < known.at_hand.renew_at:
            try:
                payload = known.read_payload(text)
            except JOSEError as error:
                raise from_jose(error) from error
            ordinary = known.read_ordinary(payload, now)
            if ordinary is not None and self._is_plain and (presented is None or presented.scheme == "Bearer"):
                return ordinary[0]  # nothing to remember, to look up or to prove
            verdict = self._recognise(text, payload, ordinary, known, now)
        else:
            judged = self._judge_at_once(text, now, monotonic)
            if judged is None:
                return None
            verdict = judged
        journal = verdict.issuer.journal
        if journal is not None:
            if monotonic >= journal.look_at:
                return None
            self._look_up(verdict, journal)
        if verdict.issuer.status_lists is not None and "status" in verdict.claims:
            return None
        if self._needs_proof(presented, is_bound=verdict.is_bound):
            return self._proven(presented, text, verdict.claims, now)
        return verdict.claims

    def _proven(
        self, presented: PresentedToken | None, text: str, claims: VerifiedClaims, now: float
    ) -> VerifiedClaims | None:
        """``claims``, if what came with the token proves that its sender has its key; None if others have to be asked
        whether they have seen that.
        """
        if self._shares_replays:
            return None
        self._sender.check(presented, text, claims, now=now)
        return claims

    def steps(self, token: str | PresentedToken) -> Generator[Need, Any, VerifiedClaims]:
        """The whole verification; whoever drives it sends in what each `Need` brings.

        Raises:
            VerificationError: the token must not be believed.
        """
        presented = None if isinstance(token, str) else token
        text = token if isinstance(token, str) else token.unverified_token
        verdict = self._cache.get(text)
        if verdict is None and self._introspector is not None and self._is_opaque(text):
            claims: VerifiedClaims = yield AnswerNeeded(self._introspector, text)
            if self._needs_proof(presented, is_bound="cnf" in claims):
                yield ProofNeeded(partial(self._sender.check, presented, text, claims, now=self._clock.now()))
            return claims
        if verdict is None:
            message, issuer = self._take_apart(text)
            keys = yield KeysNeeded(issuer.keys, message.header.kid)
            verdict = self._judge(text, message, keys, issuer, self._clock.now())
        else:
            self._confirm_key(text, verdict, (yield KeysNeeded(verdict.issuer.keys, verdict.kid)))
        journal = verdict.issuer.journal
        if journal is not None:
            if self._clock.monotonic() >= journal.look_at:
                yield LookNeeded(journal)
            self._look_up(verdict, journal)
        lists = verdict.issuer.status_lists
        if lists is not None and "status" in verdict.claims:
            yield StatusNeeded(lists, verdict.claims)
        now = self._clock.now()
        if not verdict.not_before <= now < verdict.expires_at:
            raise self._out_of_time(text, verdict, now)
        claims = verdict.claims
        if self._needs_proof(presented, is_bound=verdict.is_bound):
            yield ProofNeeded(partial(self._sender.check, presented, text, claims, now=now))
        return claims

    def forget(self) -> None:
        """Begin anew, as in a new process: tokens, keys and withdrawals are forgotten."""
        self._cache.clear()
        self._known = {}
        for issuer in self.issuers:
            issuer.keys.forget()
            if issuer.status_lists is not None:
                issuer.status_lists.forget()
        self.close()

    def close(self) -> None:
        """End what listens for withdrawals; the next token lets it begin anew."""
        for issuer in self.issuers:
            if issuer.journal is not None:
                issuer.journal.close()

    def _is_opaque(self, text: str) -> bool:
        return self._introspector is not None and text.count(".") != 2

    def _take_apart(self, text: str) -> tuple[UnverifiedMessage, TrustedAtWork]:
        """The token in its parts, and whose it says it is. The keys of other issuers are never tried (THREATS J54),
        and nothing is fetched for a token that no key could save.
        """
        try:
            message = split(text)
            issuer = self._only or access_token.find_issuer(message, self._by_name)
            if message.header.alg not in issuer.expected.algorithms:
                raise AlgorithmNotAllowedError("the token's algorithm is not allowed")
        except JOSEError as error:
            raise from_jose(error) from error
        return message, issuer

    def _judge_at_once(self, text: str, now: float, monotonic: float) -> Verdict | None:
        """The verdict on a token under a header that is not known; None if something has to be fetched for it."""
        message, issuer = self._take_apart(text)
        keys = issuer.keys.at_hand(message.header.kid, monotonic)
        return None if keys is None else self._judge(text, message, keys, issuer, now)

    def _recognise(self, text: str, payload: bytes, ordinary: Ordinary | None, known: "Known", now: float) -> Verdict:
        """The verdict on a token under a known header, whose signature fits; by all the rules if it is not quite
        ordinary.
        """
        issuer, key, header = known.issuer, known.opener.key, known.opener.header
        expected = issuer.expected
        marks, is_bound = None, False
        try:
            if ordinary is None:
                signed = jwt.SignedClaims(header, decode_object(payload))
                ordinary = access_token.check(signed, expected, now)
                is_bound = "cnf" in signed.claims
            claims, starts_at, ends_at = ordinary
            if issuer.journal is not None:
                marks = TokenMarks.of(claims, kid=key.kid, issuer=expected.issuer)
        except JOSEError as error:
            raise from_jose(error) from error
        verdict = Verdict(
            claims,
            is_bound,
            starts_at - expected.tolerance,
            ends_at + expected.leeway,
            known.kid,
            key,
            issuer,
            marks,
            known.at_hand.keys,
        )
        if self._remembers:
            self._cache.put(text, verdict)
        return verdict

    def _judge(self, text: str, message: UnverifiedMessage, keys: Any, issuer: TrustedAtWork, now: float) -> Verdict:
        """Signature, then claims; remembered if all of it holds."""
        kid = message.header.kid
        expected = issuer.expected
        marks = None
        try:
            key = keys.find(kid)
            # The allow-list was asked by `_take_apart`; of which type the token must be is the profile's to say.
            signed = jwt.signed(message, key)
            claims, starts_at, ends_at = access_token.check(signed, expected, now)
            if issuer.journal is not None:
                marks = TokenMarks.of(signed.claims, kid=key.kid, issuer=expected.issuer)
        except JOSEError as error:
            raise from_jose(error) from error
        verdict = Verdict(
            claims,
            "cnf" in signed.claims,
            starts_at - expected.tolerance,
            ends_at + expected.leeway,
            kid,
            key,
            issuer,
            marks,
            keys,
        )
        if self._remembers:
            self._cache.put(text, verdict)
        # Only where the header alone says whose the token is, and of which type it must be.
        if self._only is not None and expected.profile is RFC9068:
            self._get_to_know(message, key, keys, issuer)
        return verdict

    def _get_to_know(self, message: UnverifiedMessage, key: Key, keys: KeySet, issuer: TrustedAtWork) -> None:
        """Remember the header of a good token, and never more than a few, whatever issuers put there."""
        at_hand = issuer.keys.cache.snapshot
        if at_hand is None or at_hand.keys is not keys:
            return  # renewed meanwhile
        segment = message.header_segment.decode("ascii")
        known = self._known.get(segment)
        if known is not None and known.at_hand is at_hand:
            return
        if len(self._known) >= MAX_KNOWN_HEADERS:
            self._known = {}
        self._known[segment] = Known.of(message, key, at_hand, issuer)

    def _confirm_key(self, text: str, verdict: Verdict, keys: Any) -> None:
        """The key set has been renewed: the token's key must still be in it (THREATS J90)."""
        try:
            key = keys.find(verdict.kid)
        except JOSEError as error:
            self._cache.drop(text)
            raise from_jose(error) from error
        if key is not verdict.key and (key.alg, key.thumbprint()) != (verdict.key.alg, verdict.key.thumbprint()):
            self._cache.drop(text)
            raise UnknownKeyError("the token names a key that is not known")
        verdict.keys = keys

    def _look_up(self, verdict: Verdict, journal: JournalReader) -> None:
        """Refuse what was withdrawn. The journal's number is read first: what comes in between is seen next time."""
        generation = journal.generation
        journal.check(verdict.marks)
        verdict.generation = generation

    def _out_of_time(self, text: str, verdict: Verdict, now: float) -> Exception:
        if now >= verdict.expires_at:
            self._cache.drop(text)
            return TokenExpiredError("the token has expired", claim="exp")
        is_issued = verdict.claims.get("iat", 0) <= now + verdict.issuer.expected.tolerance
        return TokenNotYetValidError("the token is not valid yet", claim="nbf" if is_issued else "iat")

    def _needs_proof(self, presented: PresentedToken | None, *, is_bound: bool) -> bool:
        return is_bound or self._demands_proof or (presented is not None and presented.scheme != "Bearer")


_alive: "WeakSet[Verification]" = WeakSet()


def alive() -> list[Verification]:
    """Every verifier of this process, for tests that steer them."""
    return list(_alive)
