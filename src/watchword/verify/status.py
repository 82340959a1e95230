"""How a verifier is doing, for health pages and for people who wonder."""

from dataclasses import dataclass

from watchword.verify.key_cache import KeysStatus
from watchword.verify.revocation.settings import RevocationStatus


@dataclass(frozen=True, slots=True)
class IssuerStatus:
    """One trusted issuer. ``revocation`` is None where its withdrawals are not read at all."""

    issuer: str
    keys: KeysStatus
    revocation: RevocationStatus | None


@dataclass(frozen=True, slots=True)
class VerifierStatus:
    """A verifier. ``cached_tokens``: how many verified tokens it remembers."""

    issuers: tuple[IssuerStatus, ...]
    cached_tokens: int
