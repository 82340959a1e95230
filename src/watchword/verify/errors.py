"""Why a request is refused.

    VerificationError
    ├── TokenMissingError            token_missing          401, and no error code: nothing was presented
    ├── PresentationError            request_malformed      400 invalid_request
    ├── InvalidTokenError            token_invalid          401 invalid_token
    │   ├── MalformedTokenError      token_malformed
    │   ├── AlgorithmNotAllowedError algorithm_not_allowed
    │   ├── UnknownKeyError          key_unknown
    │   ├── SignatureInvalidError    signature_invalid
    │   ├── TypeMismatchError        type_mismatch
    │   ├── IssuerMismatchError      issuer_mismatch
    │   ├── AudienceMismatchError    audience_mismatch
    │   ├── TokenExpiredError        token_expired
    │   ├── TokenNotYetValidError    token_not_yet_valid
    │   ├── ClaimInvalidError        claim_invalid
    │   ├── TokenRevokedError        token_revoked
    │   ├── TokenInactiveError       token_inactive
    │   ├── SenderProofMissingError  sender_proof_missing
    │   └── SenderProofError         sender_proof_invalid   401 invalid_dpop_proof or invalid_token
    │       └── SenderNonceError     sender_nonce_required  401 use_dpop_nonce
    ├── StepUpError                  step_up_required       401 insufficient_user_authentication
    ├── RequirementError             requirement_not_met    403 insufficient_scope
    │   ├── ScopeMissingError        scope_missing
    │   ├── RoleMissingError         role_missing
    │   └── ConditionError           condition_not_met
    └── UnavailableError             unavailable            503
        ├── KeysUnavailableError     keys_unavailable
        ├── RevocationsStaleError    revocations_stale
        ├── StatusUnavailableError   status_unavailable
        └── IntrospectionUnavailableError  introspection_unavailable

``code`` is stable and for programs, ``error`` is the word of RFC 6750 section 3.1, the sentence is fixed: none of
them repeats anything of the token. Of a token that must not be believed a stranger learns only that it is malformed,
expired or invalid (`VerificationError.public`): why exactly is for the service's own log, since each finer answer
helps whoever is trying tokens.
"""

from collections.abc import Sequence
from typing import ClassVar

from watchword.errors import WatchwordError
from watchword.jose import errors as jose_errors


class VerifierSettingsError(WatchwordError):
    """A verifier was given settings that make no sense: the programmer's mistake, found at construction."""

    code: ClassVar[str] = "verifier_misconfigured"


class VerificationError(WatchwordError):
    """A request that must not be served. ``status`` is the HTTP status, ``error`` the code of RFC 6750, if any."""

    code: ClassVar[str] = "verification_failed"
    status: ClassVar[int] = 401
    error: str | None = None

    @property
    def public(self) -> "VerificationError":
        """What may be told to whoever sent the request."""
        return self


class TokenMissingError(VerificationError):
    """No token was presented."""

    code: ClassVar[str] = "token_missing"

    def __init__(self) -> None:
        super().__init__("no access token was presented")


class PresentationError(VerificationError):
    """The token was presented in a way that is not allowed, or more than once."""

    code: ClassVar[str] = "request_malformed"
    status: ClassVar[int] = 400
    error: str | None = "invalid_request"


class InvalidTokenError(VerificationError):
    """The token must not be believed."""

    code: ClassVar[str] = "token_invalid"
    error: str | None = "invalid_token"

    @property
    def public(self) -> VerificationError:
        """That it is invalid, and no more."""
        return InvalidTokenError("the token is not valid here")


class MalformedTokenError(InvalidTokenError):
    """Not a JWT in strict compact form."""

    code: ClassVar[str] = "token_malformed"

    @property
    def public(self) -> VerificationError:
        """That it is malformed: whoever sent it can see that without us."""
        return self


class AlgorithmNotAllowedError(InvalidTokenError):
    """Header, key and allow-list do not name one and the same algorithm."""

    code: ClassVar[str] = "algorithm_not_allowed"


class UnknownKeyError(InvalidTokenError):
    """The issuer has published no key of this name."""

    code: ClassVar[str] = "key_unknown"


class SignatureInvalidError(InvalidTokenError):
    """The signature was not made with the issuer's key over these bytes."""

    code: ClassVar[str] = "signature_invalid"


class TypeMismatchError(InvalidTokenError):
    """Another kind of token, for example an ID token."""

    code: ClassVar[str] = "type_mismatch"


class ClaimInvalidError(InvalidTokenError):
    """A claim is missing or not what it must be.

    Args:
        sentence: what is wrong.
        claim: which claim.
    """

    code: ClassVar[str] = "claim_invalid"

    def __init__(self, sentence: str, *, claim: str, detail: str | None = None) -> None:
        super().__init__(sentence, detail=detail)
        self.claim = claim


class IssuerMismatchError(ClaimInvalidError):
    """From another issuer."""

    code: ClassVar[str] = "issuer_mismatch"


class AudienceMismatchError(ClaimInvalidError):
    """Made for another audience."""

    code: ClassVar[str] = "audience_mismatch"


class TokenExpiredError(ClaimInvalidError):
    """Its time has passed."""

    code: ClassVar[str] = "token_expired"

    @property
    def public(self) -> VerificationError:
        """That it has expired: a client then gets another."""
        return self


class TokenNotYetValidError(ClaimInvalidError):
    """Its time has not come."""

    code: ClassVar[str] = "token_not_yet_valid"


class SenderProofMissingError(InvalidTokenError):
    """The token is bound to a key (``cnf``) and came without a proof of it: whoever presents it may have stolen it."""

    code: ClassVar[str] = "sender_proof_missing"

    def __init__(self) -> None:
        super().__init__("the token is bound to a key, of which no proof was presented")


class TokenRevokedError(InvalidTokenError):
    """It was withdrawn.

    Args:
        kind: by what, as the revocation feed names it: ``token``, ``grant``, ``session``, ``key``, ``subject``,
            ``client`` or ``all``; ``status`` where a status list tells it and not why.
    """

    code: ClassVar[str] = "token_revoked"

    def __init__(self, kind: str) -> None:
        super().__init__("the token has been revoked", detail=f"by {kind}")
        self.kind = kind


class TokenInactiveError(InvalidTokenError):
    """The issuer was asked about it and says that it is not active (RFC 7662 section 2.2)."""

    code: ClassVar[str] = "token_inactive"

    def __init__(self) -> None:
        super().__init__("the token is not active")


class SenderProofError(InvalidTokenError):
    """The proof that came with the token does not hold, or is of another key (RFC 9449 section 7.1, RFC 8705
    section 3).

    Args:
        sentence: what is wrong.
        dpop: whether the proof itself is at fault. Where it is that token and proof, or certificate, do not belong
            together, whoever found the token learns no more than of any other token that is not theirs.
    """

    code: ClassVar[str] = "sender_proof_invalid"

    def __init__(self, sentence: str, *, dpop: bool = True, detail: str | None = None) -> None:
        super().__init__(sentence, detail=detail)
        self.error = "invalid_dpop_proof" if dpop else "invalid_token"

    @property
    def public(self) -> VerificationError:
        """All of it where a proof is at fault, which is the caller's own. To what the token is bound is the token's."""
        return super().public if self.error == InvalidTokenError.error else self


class SenderNonceError(SenderProofError):
    """The proof must carry a nonce of ours (RFC 9449 section 9).

    Args:
        nonce: the one to use.
    """

    code: ClassVar[str] = "sender_nonce_required"

    def __init__(self, nonce: str) -> None:
        super().__init__("the proof must carry the nonce that is sent along")
        self.error = "use_dpop_nonce"
        self.nonce = nonce


class StepUpError(VerificationError):
    """The token is good, but its subject must sign in again, or more strongly (RFC 9470).

    Args:
        sentence: what is missing.
        acr_values: any of these would do, best first.
        max_age: seconds that may have passed since the sign-in.
    """

    code: ClassVar[str] = "step_up_required"
    error: str | None = "insufficient_user_authentication"

    def __init__(self, sentence: str, *, acr_values: Sequence[str] = (), max_age: int | None = None) -> None:
        super().__init__(sentence)
        self.acr_values = tuple(acr_values)
        self.max_age = max_age


class RequirementError(VerificationError):
    """The token is good and does not suffice. ``missing`` names what it lacks."""

    code: ClassVar[str] = "requirement_not_met"
    status: ClassVar[int] = 403
    error: str | None = "insufficient_scope"

    def __init__(self, sentence: str, *, required: Sequence[str], missing: Sequence[str]) -> None:
        super().__init__(sentence)
        self.required = tuple(required)
        self.missing = tuple(missing)


class ScopeMissingError(RequirementError):
    """It lacks a scope."""

    code: ClassVar[str] = "scope_missing"


class RoleMissingError(RequirementError):
    """Its subject lacks a role."""

    code: ClassVar[str] = "role_missing"


class ConditionError(RequirementError):
    """A rule of the service's own is not fulfilled; ``missing`` names it."""

    code: ClassVar[str] = "condition_not_met"


class UnavailableError(VerificationError):
    """Whether the token is good cannot be said at the moment; a retry may help."""

    code: ClassVar[str] = "unavailable"
    status: ClassVar[int] = 503


class KeysUnavailableError(UnavailableError):
    """The issuer's keys could not be fetched, and none, or none young enough, are at hand."""

    code: ClassVar[str] = "keys_unavailable"

    def __init__(self, *, detail: str | None = None) -> None:
        super().__init__("the issuer's keys are not available at the moment", detail=detail)


class RevocationsStaleError(UnavailableError):
    """What has been revoked is not known well enough, and the verifier was told to refuse then."""

    code: ClassVar[str] = "revocations_stale"

    def __init__(self) -> None:
        super().__init__("what has been revoked is not known at the moment")


class StatusUnavailableError(UnavailableError):
    """The token's status list is not to be had or not to be believed, and the verifier was told to refuse then."""

    code: ClassVar[str] = "status_unavailable"

    def __init__(self) -> None:
        super().__init__("the status of the token is not known at the moment")


class IntrospectionUnavailableError(UnavailableError):
    """The issuer could not be asked about an opaque token."""

    code: ClassVar[str] = "introspection_unavailable"

    def __init__(self, *, detail: str | None = None) -> None:
        super().__init__("the issuer cannot be asked about the token at the moment", detail=detail)


_PLAIN: tuple[tuple[type[jose_errors.JOSEError], type[InvalidTokenError]], ...] = (
    (jose_errors.MalformedTokenError, MalformedTokenError),
    (jose_errors.AlgorithmNotAllowedError, AlgorithmNotAllowedError),
    (jose_errors.UnknownKeyError, UnknownKeyError),
    (jose_errors.SignatureInvalidError, SignatureInvalidError),
    (jose_errors.TypeMismatchError, TypeMismatchError),
)
_ABOUT_CLAIMS: tuple[tuple[type[jose_errors.ClaimError], type[ClaimInvalidError]], ...] = (
    (jose_errors.TokenExpiredError, TokenExpiredError),
    (jose_errors.TokenNotYetValidError, TokenNotYetValidError),
    (jose_errors.IssuerMismatchError, IssuerMismatchError),
    (jose_errors.AudienceMismatchError, AudienceMismatchError),
    (jose_errors.ClaimError, ClaimInvalidError),
)


def from_jose(error: jose_errors.JOSEError) -> InvalidTokenError:
    """The verdict on a token that ``error`` amounts to."""
    if isinstance(error, jose_errors.ClaimError):
        for kind, about_claim in _ABOUT_CLAIMS:
            if isinstance(error, kind):
                return about_claim(error.sentence, claim=error.claim, detail=error.detail)
    for other, verdict in _PLAIN:
        if isinstance(error, other):
            return verdict(error.sentence, detail=error.detail)
    return InvalidTokenError("the token cannot be verified", detail=error.sentence)
