"""How a verifier is doing, for health pages and for people who wonder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeysStatus:
    """The keys of one issuer.

    Args:
        kids: the names of the keys at hand; empty before they were first fetched.
        is_fresh: whether they are as young as the issuer wants them to be; given keys always are.
        usable_seconds: for how long they still serve if the issuer does not answer; infinite for given keys.
    """

    kids: tuple[str, ...]
    is_fresh: bool
    usable_seconds: float


@dataclass(frozen=True, slots=True)
class IssuerStatus:
    """One trusted issuer."""

    issuer: str
    keys: KeysStatus


@dataclass(frozen=True, slots=True)
class VerifierStatus:
    """A verifier. ``cached_tokens``: how many verified tokens it remembers."""

    issuers: tuple[IssuerStatus, ...]
    cached_tokens: int
