"""What every framework file stands on: how a request presents its token, and what a refusal answers.

Nothing here knows a framework. A framework file reads headers, calls `Protection.present` and `Protection.admit` or
`Protection.aadmit`, and turns a `Refusal` into its own kind of answer.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

from watchword.clock import Clock, SystemClock
from watchword.oauth.challenge import www_authenticate
from watchword.oauth.dpop import PROOF_ALGORITHMS
from watchword.oauth.metadata import protected_resource_metadata_url
from watchword.oauth.scope import is_scope_token
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import (
    ScopeMissingError,
    SenderNonceError,
    SenderProofError,
    SenderProofMissingError,
    StepUpError,
    TokenMissingError,
    UnavailableError,
    VerificationError,
)
from watchword.verify.options import VerifierOptions
from watchword.verify.presented import PresentedToken, from_request
from watchword.verify.requirements import Requirement, check, requirements
from watchword.verify.verifier import AsyncVerifier, Verifier

METADATA_CACHE_CONTROL = "public, max-age=300"
_RETRY_AFTER = "5"  # seconds; a client that waits as long finds the issuer's keys, or another refusal
_log = logging.getLogger("watchword.verify")


class ProtectionOptions(VerifierOptions, total=False):
    """The options of every guard and middleware: those of a verifier, and these."""

    resource_metadata: str | None
    """The URL of this API's RFC 9728 document, told in every challenge."""

    danger_explain_refusals: bool
    """Tell whoever sent a token why exactly it is not believed, which helps whoever is trying tokens; for
    demonstrations. Else they learn that it is malformed, expired or invalid, and the log of ``watchword.verify`` has
    the reason."""


class Needs(TypedDict, total=False):
    """What a token must be good for, in the words of `watchword.verify.requirements.requirements`."""

    scopes: Sequence[str]
    """All of them."""

    roles: Sequence[str]
    """All of them."""

    audience: str | None
    """Which of the API's audiences, where it has several."""

    acr_values: Sequence[str]
    """Any one of these authentication contexts, best first."""

    amr: Sequence[str]
    """All of these sign-in methods."""

    max_age: int | None
    """Seconds that may have passed since the person signed in."""


def needed(conditions: Sequence[Requirement], needs: Needs) -> tuple[Requirement, ...]:
    """What a decorator was called with, as requirements.

    Raises:
        TypeError: one of ``conditions`` is none: a view, where a decorator was not called.
    """
    for condition in conditions:
        if not callable(getattr(condition, "check", None)):
            raise TypeError("a condition is made by watchword.verify.conditions.requires; the decorator needs its ()")
    return (*requirements(**needs), *conditions)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a request that is not served.

    Args:
        status: the HTTP status.
        headers: names and values; the challenge is among them.
        body: a JSON object: ``error`` (the OAuth code), ``error_description`` and ``code`` (ours, stable).
        cause: why exactly, for the service's own eyes.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Mapping[str, str]
    cause: VerificationError


class Protection:
    """One API's protection.

    Args:
        options: see `ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience or ``resource_metadata`` cannot stand in a header.
    """

    def __init__(self, **options: Unpack[ProtectionOptions]) -> None:
        remaining: dict[str, Any] = dict(options)
        self.resource_metadata: str | None = remaining.pop("resource_metadata", None)
        self._explains = remaining.pop("danger_explain_refusals", False) is True
        self._clock: Clock = remaining.get("clock") or SystemClock()
        remaining["clock"] = self._clock
        self.verifier = Verifier(**remaining)
        sender = options.get("sender")
        self._offers_dpop = sender is not None
        self._demands_dpop = sender is not None and sender.dpop == "require"
        self._sender = sender
        self.certificate_header: str | None = None if sender is None else sender.danger_certificate_header
        self.averifier: AsyncVerifier = self.verifier.for_event_loops
        # For the event loop's every request: the claims, or None where something has to be fetched first.
        self.attempt = self.verifier._verification.attempt  # noqa: SLF001  spares a request two coroutines
        # An audience that no header can carry is found now, not at the first refusal.
        try:
            self._challenges(TokenMissingError())
        except ValueError:
            raise ValueError("audience and resource_metadata are told in challenges: only printable ASCII") from None

    def present(
        self,
        *,
        authorization: Sequence[str],
        query_names: Sequence[str] = (),
        proofs: Sequence[str] = (),
        method: str = "",
        path: str = "",
        certificate: bytes | None = None,
        certificate_header: Sequence[str] = (),
    ) -> PresentedToken:
        """What a request presented.

        Args:
            authorization: every ``Authorization`` header.
            query_names: the names of the query parameters.
            proofs: every ``DPoP`` header.
            method: the request's method.
            path: its path as received, without the query.
            certificate: the connection's client certificate, DER; not looked at where `certificate_header` names one.
            certificate_header: every value of the header that `certificate_header` names; only where it names one.

        Raises:
            VerificationError: nothing, or nothing that can be read, was presented.
        """
        if self._sender is not None and self.certificate_header is not None:
            # Behind a proxy the connection's own certificate is the proxy's.
            certificate = self._sender.certificate_from(certificate_header)
        return from_request(
            authorization, query_names, proofs=proofs, method=method, path=path, certificate=certificate
        )

    def admit(self, presented: PresentedToken, require: Sequence[Requirement] = ()) -> VerifiedClaims:
        """The verified claims, see `Verifier.verify`."""
        return self.verifier.verify(presented, require=require)

    async def aadmit(self, presented: PresentedToken, require: Sequence[Requirement] = ()) -> VerifiedClaims:
        """`admit`, on an event loop."""
        return await self.averifier.verify(presented, require=require)

    def readmit(self, unverified_token: str, claims: VerifiedClaims, require: Sequence[Requirement] = ()) -> None:
        """Return if a token that was admitted before is still good. Its proof is not asked for again: it was spent.

        Args:
            unverified_token: the token.
            claims: what `admit` returned for it.
            require: what it must still be good for.

        Raises:
            VerificationError: it is not.
        """
        # What is said last of a bound token is that no proof came along: all else holds.
        with suppress(SenderProofMissingError):
            self.verifier.verify(unverified_token)
        self.suffices(claims, require)

    async def areadmit(
        self, unverified_token: str, claims: VerifiedClaims, require: Sequence[Requirement] = ()
    ) -> None:
        """`readmit`, on an event loop."""
        with suppress(SenderProofMissingError):
            await self.averifier.verify(unverified_token)
        self.suffices(claims, require)

    def suffices(self, claims: VerifiedClaims, require: Sequence[Requirement]) -> VerifiedClaims:
        """``claims``, which `admit` returned in this same request, if they fulfil ``require`` too.

        Raises:
            RequirementError, StepUpError: the first that they do not fulfil.
        """
        return check(claims, require, now=self.now())

    def now(self) -> float:
        """UTC epoch seconds, by the verifier's clock."""
        return self._clock.now()

    def refusal(self, error: VerificationError) -> Refusal:
        """The answer that ``error`` amounts to; the exact reason goes to the log."""
        _log.info("refused", extra={"error": error.code})
        told = error if self._explains else error.public
        body = {
            "error": told.error
            or ("temporarily_unavailable" if isinstance(told, UnavailableError) else "unauthorized"),
            "error_description": told.sentence,
            "code": told.code,
        }
        return Refusal(error.status, self._headers(error, told), body, error)

    @property
    def metadata_path(self) -> str:
        """The path below which this API's metadata document belongs.

        Raises:
            ValueError: the audience is not a URL, so that no document can lie under it.

        https://www.rfc-editor.org/rfc/rfc9728#section-3
        """
        parts = urlsplit(protected_resource_metadata_url(self.verifier.audience))
        if parts.scheme not in {"https", "http"} or not parts.netloc or "{" in parts.path:
            raise ValueError("the audience is not a URL under which its metadata can lie")
        return parts.path

    def metadata(self, *, scopes: Sequence[str] = ()) -> dict[str, Any]:
        """The metadata document, which tells clients whom to ask for tokens. From now on challenges point to it.

        Args:
            scopes: the scopes of this API that clients may ask for.

        Raises:
            ValueError: see `metadata_path`.

        https://www.rfc-editor.org/rfc/rfc9728#section-2
        """
        assert self.metadata_path
        self.resource_metadata = protected_resource_metadata_url(self.verifier.audience)
        return {
            "resource": self.verifier.audience,
            "authorization_servers": list(self.verifier.issuers),
            "bearer_methods_supported": ["header"],
            **({"scopes_supported": list(scopes)} if scopes else {}),
            **({"dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS)} if self._offers_dpop else {}),
            **({"dpop_bound_access_tokens_required": True} if self._demands_dpop else {}),
        }

    def _headers(self, error: VerificationError, told: VerificationError) -> tuple[tuple[str, str], ...]:
        if isinstance(error, UnavailableError):
            return (("Retry-After", _RETRY_AFTER), ("Cache-Control", "no-store"))
        headers = [("WWW-Authenticate", self._challenges(told))]
        if isinstance(error, SenderNonceError):
            headers.append(("DPoP-Nonce", error.nonce))
        return (*headers, ("Cache-Control", "no-store"))

    def _challenges(self, told: VerificationError) -> str:
        """All of them in one header, as RFC 9449 section 7.1 shows. Which they are depends on this API, and on a proof
        that came along; were it to depend on the token, it would tell of tokens that are good but bound (THREATS J93).
        """
        schemes: list[tuple[Any, Sequence[str]]] = []
        if not self._demands_dpop:
            schemes.append(("Bearer", ()))
        if self._offers_dpop:
            schemes.append(("DPoP", PROOF_ALGORITHMS))
        # A proof is no business of Bearer's: its errors are told under DPoP alone.
        if isinstance(told, SenderProofError) and told.error != "invalid_token":
            schemes = [("DPoP", PROOF_ALGORITHMS)]
        return ", ".join(
            www_authenticate(
                scheme=scheme,
                realm=self.verifier.audience,
                error=told.error,
                description=None if isinstance(told, TokenMissingError) else told.sentence,
                scopes=_told(told.required) if isinstance(told, ScopeMissingError) else (),
                acr_values=_told(told.acr_values) if isinstance(told, StepUpError) else (),
                max_age=told.max_age if isinstance(told, StepUpError) else None,
                algorithms=algorithms,
                resource_metadata=self.resource_metadata,
            )
            for scheme, algorithms in schemes
        )


def _told(names: Sequence[str]) -> tuple[str, ...]:
    """Those that a challenge can hold: a service may have raised the error itself, with any names."""
    return tuple(name for name in names if is_scope_token(name))
