"""Whether a token is the caller's own: a bound token works only with a proof of its key (RFC 9449, RFC 8705).

A token says in ``cnf`` to what it is bound; everything that stands there must be proven, and what is not understood is
refused, never ignored (RFC 7800 section 3.1 leaves that to the profile).
"""

import hmac
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from watchword.clock import Clock
from watchword.oauth.dpop import normal_uri
from watchword.verify.certificate import certificate_from_header, certificate_thumbprint
from watchword.verify.dpop import DEFAULT_MAX_AGE, ProofNonces, check_proof, spend
from watchword.verify.errors import (
    ClaimInvalidError,
    PresentationError,
    SenderProofError,
    SenderProofMissingError,
    VerifierSettingsError,
)
from watchword.verify.presented import PresentedToken
from watchword.verify.replay import ProcessReplays, ReplayStore

MIN_NONCE_SECRET_BYTES = 32
MAX_PROOF_AGE = 300.0
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # SHA-256 in base64url
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+\Z")
_METHODS = frozenset({"jkt", "x5t#S256"})
_log = logging.getLogger("watchword.verify")


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderPolicy:
    """How callers prove that a token is theirs.

    A service in several processes: each remembers for itself which proofs were used, and forgets it when it ends, so
    that a stolen request could be replayed once to each other process within ``proof_age``, unless ``replay`` is a
    store that all of them share. Nonces do not change that: they only say how old a proof can be.

    Args:
        origin: ``scheme://host[:port]`` under which callers know this service, and the path prefix that a proxy takes
            away, if one does; by default the origin of the audience, if that is a URL. Proofs are compared with it,
            never with the Host header, which the caller chooses.
        dpop: ``accept`` tokens that are bound to a DPoP key and tokens that are not, or ``require`` that all are.
        nonce_secret: demand nonces in proofs, made from these 32 bytes or more. Replicas share it.
        replay: where used proofs are remembered; by default in this process.
        proof_age: seconds that may have passed since a proof was made, 1 to 300.
        danger_certificate_header: the header in which a proxy hands on the client certificate of a connection that
            it has authenticated. Whoever reaches this service without passing the proxy, or whose own header of that
            name the proxy does not remove, can claim any certificate (THREATS O47). Certificates are public: this
            name alone then guards every token that is bound to one.

    Raises:
        VerifierSettingsError: one of them makes no sense.
    """

    origin: str | None = None
    dpop: Literal["accept", "require"] = "accept"
    nonce_secret: bytes | None = field(default=None, repr=False)
    replay: ReplayStore | None = None
    proof_age: float = DEFAULT_MAX_AGE
    danger_certificate_header: str | None = None

    def __post_init__(self) -> None:
        if self.origin is not None:
            _split_origin(self.origin)
        if self.dpop not in {"accept", "require"}:
            raise VerifierSettingsError("dpop is accept or require")
        secret = self.nonce_secret
        if secret is not None and (not isinstance(secret, bytes) or len(secret) < MIN_NONCE_SECRET_BYTES):
            raise VerifierSettingsError(f"nonce_secret is at least {MIN_NONCE_SECRET_BYTES} random bytes")
        age = self.proof_age
        if isinstance(age, bool) or not isinstance(age, int | float) or not 1 <= age <= MAX_PROOF_AGE:
            raise VerifierSettingsError(f"proof_age is between 1 and {MAX_PROOF_AGE:.0f} seconds")
        header = self.danger_certificate_header
        if header is not None and not _HEADER_NAME.match(header):
            raise VerifierSettingsError("danger_certificate_header is the name of a header")

    def certificate_from(self, values: Sequence[str]) -> bytes | None:
        """The DER of the certificate that the proxy handed on.

        Args:
            values: of every header called ``danger_certificate_header`` in the request.

        Raises:
            PresentationError: there are several, or it is none. A second one comes from somebody who wants to be
                taken for somebody else.
        """
        if self.danger_certificate_header is None or not values:
            return None
        if len(values) > 1:
            raise PresentationError("the request has several client certificates")
        return certificate_from_header(values[0])


class Confirmation(NamedTuple):
    """What a token is bound to: the thumbprints of a DPoP key, of a certificate, or of both."""

    jkt: str | None
    x5t_s256: str | None


def read_confirmation(cnf: object) -> Confirmation:
    """What the claim ``cnf`` demands.

    Raises:
        ClaimInvalidError: it is malformed, or demands what nobody here can check.
    """
    if not isinstance(cnf, dict) or not cnf:
        raise ClaimInvalidError("the claim `cnf` does not say to what the token is bound", claim="cnf")
    if not cnf.keys() <= _METHODS:
        raise ClaimInvalidError("the token is bound in a way that is not supported", claim="cnf")
    if not all(isinstance(value, str) and _DIGEST.match(value) for value in cnf.values()):
        raise ClaimInvalidError("the claim `cnf` holds something else than thumbprints", claim="cnf")
    return Confirmation(cnf.get("jkt"), cnf.get("x5t#S256"))


class SenderCheck:
    """The rules of one service. Shared between threads and event loops.

    Args:
        policy: what is asked of callers.
        audience: the identifier of the service.
        clock: tells the replay store of this process when to forget.

    Raises:
        VerifierSettingsError: proofs are required, and nothing says under which URL.
    """

    def __init__(self, policy: SenderPolicy, audience: str, clock: Clock) -> None:
        self._requires_dpop = policy.dpop == "require"
        self._address = _split_origin(policy.origin) if policy.origin is not None else _origin_of(audience)
        if self._requires_dpop and self._address is None:
            raise VerifierSettingsError("with an audience that is no URL, proofs need SenderPolicy(origin=...)")
        self._nonces = None if policy.nonce_secret is None else ProofNonces(policy.nonce_secret)
        self._replays = ProcessReplays(clock=clock) if policy.replay is None else policy.replay
        self._proof_age = policy.proof_age

    def check(self, presented: PresentedToken | None, token: str, claims: Mapping[str, Any], *, now: float) -> None:
        """Return if the token is the caller's own, so far as it says how that is proven. A proof is spent by it.

        Args:
            presented: the request; None when there is nothing but the token.
            token: the token of ``claims``.
            claims: verified.
            now: UTC epoch seconds.

        Raises:
            SenderProofMissingError: the token is bound and came without a proof (THREATS O45).
            SenderProofError: the proof does not hold, or the token is not bound and had to be.
            ClaimInvalidError: the token is bound in a way that is not understood.
            UnavailableError: the replay store cannot be asked.
        """
        is_dpop = presented is not None and presented.scheme == "DPoP"
        bound = read_confirmation(claims["cnf"]) if "cnf" in claims else Confirmation(None, None)
        if bound.jkt is None:
            if is_dpop:
                # Section 7.1: under this scheme a token and its proof belong together, or access is not granted.
                raise SenderProofError("the token is not bound to a DPoP key", dpop=False)
            if self._requires_dpop:
                raise SenderProofError("only tokens that are bound to a DPoP key are accepted here", dpop=False)
        if bound.x5t_s256 is not None:
            _check_certificate(presented, bound.x5t_s256)
        if bound.jkt is not None:
            # Section 7.2: a bound token is refused under any other scheme, with a proof or without.
            if presented is None or not is_dpop or len(presented.proofs) != 1:
                raise SenderProofMissingError
            self._check_proof(presented, token, bound.jkt, now)

    def nonce(self, now: float) -> str | None:
        """What an answer may carry in ``DPoP-Nonce``, so that a client need not be refused first; None without nonces.

        https://www.rfc-editor.org/rfc/rfc9449#section-8.2
        """
        return None if self._nonces is None else self._nonces.current(now)

    def _check_proof(self, presented: PresentedToken, token: str, jkt: str, now: float) -> None:
        proof = check_proof(
            presented.proofs[0],
            expected_method=presented.method,
            expected_uri=self._target(presented.path),
            now=now,
            expected_thumbprint=jkt,
            access_token=token,
            nonces=self._nonces,
            max_age=self._proof_age,
        )
        spend(proof, self._replays)

    def _target(self, path: str) -> str:
        """The URL of the request as its sender knows it (THREATS O43)."""
        if self._address is None:
            detail = "the audience is not a URL: say SenderPolicy(origin=...)"
            _log.error("a DPoP proof cannot be checked: %s", detail)
            raise SenderProofError("proofs cannot be checked here", detail=detail)
        origin, prefix = self._address
        # A decoded path may hold what would end it, and stand for another.
        if not path.startswith("/") or "?" in path or "#" in path:
            raise SenderProofError("the request's own URL cannot be compared with a proof")
        try:
            # The prefix comes last: no path can climb out of it.
            return origin + prefix + normal_uri(origin + path)[len(origin) :]
        except ValueError as error:
            raise SenderProofError("the request's own URL cannot be compared with a proof") from error


def _check_certificate(presented: PresentedToken | None, thumbprint: str) -> None:
    if presented is None or presented.certificate is None:
        raise SenderProofMissingError
    if not hmac.compare_digest(certificate_thumbprint(presented.certificate), thumbprint):
        raise SenderProofError("the token is bound to another client certificate", dpop=False)


def _origin_of(audience: str) -> tuple[str, str] | None:
    """The origin of an audience that is a URL. Its path says nothing about the paths of the service."""
    try:
        parts = urlsplit(audience)
        return normal_uri(f"{parts.scheme}://{parts.netloc}").rstrip("/"), ""
    except ValueError:
        return None


def _split_origin(origin: str) -> tuple[str, str]:
    """Scheme and authority of ``origin``, and its path."""
    if not isinstance(origin, str) or "?" in origin or "#" in origin:
        raise VerifierSettingsError("origin is scheme://host[:port], without query and fragment")
    try:
        parts = urlsplit(normal_uri(origin))
    except ValueError as error:
        raise VerifierSettingsError("origin is an http or https URL") from error
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
