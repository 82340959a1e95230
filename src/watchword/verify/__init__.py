"""STEPS 3 and 4: what a service embeds to know whom it serves. Loads no server code.

from watchword.verify import Verifier

verifier = Verifier(issuer="https://auth.example.com", audience="https://api.example.com")
claims = verifier.verify(token)          # VerifiedClaims, or VerificationError
"""

from watchword.verify.claims import VerifiedClaims
from watchword.verify.conditions import requires
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import (
    ConditionError,
    InvalidTokenError,
    KeysUnavailableError,
    PresentationError,
    RequirementError,
    StepUpError,
    TokenMissingError,
    TokenRevokedError,
    VerificationError,
    VerifierSettingsError,
)
from watchword.verify.id_token import verify_id_token
from watchword.verify.logout_token import LogoutToken, verify_logout_token
from watchword.verify.options import TrustedIssuer, VerifierOptions
from watchword.verify.presented import PresentedToken
from watchword.verify.profiles import Profile
from watchword.verify.replay import ProcessReplays, ReplayStore
from watchword.verify.requirements import requirements
from watchword.verify.sender import SenderPolicy
from watchword.verify.status import VerifierStatus
from watchword.verify.verifier import AsyncVerifier, Verifier

__all__ = [
    "AsyncVerifier",
    "ConditionError",
    "InvalidTokenError",
    "KeysUnavailableError",
    "LogoutToken",
    "PresentationError",
    "PresentedToken",
    "ProcessReplays",
    "Profile",
    "ReplayStore",
    "RequirementError",
    "ResourceCredentials",
    "SenderPolicy",
    "StepUpError",
    "TokenMissingError",
    "TokenRevokedError",
    "TrustedIssuer",
    "VerificationError",
    "VerifiedClaims",
    "Verifier",
    "VerifierOptions",
    "VerifierSettingsError",
    "VerifierStatus",
    "requirements",
    "requires",
    "verify_id_token",
    "verify_logout_token",
]
