"""How withdrawn values are named on the wire: docs/protocol/revocation.md, "Digests"."""

import base64
import hashlib

KINDS = ("token", "grant", "session", "key", "subject", "client", "all")

# The kinds whose rows carry an epoch instead of refusing the value outright.
EPOCH_KINDS = ("subject", "client", "all")

# How long after the last token it could hit a row is kept, in seconds.
ROW_LEEWAY = 300


def journal_digest(kind: str, issuer: str, value: str) -> str:
    """base64url(SHA-256(kind || 0 || issuer || 0 || value)[:16]), 22 characters."""
    return base64.urlsafe_b64encode(digest_bytes(kind, issuer, value)).rstrip(b"=").decode("ascii")


def digest_bytes(kind: str, issuer: str, value: str) -> bytes:
    """The 16 bytes that `journal_digest` writes out."""
    return hashlib.sha256(f"{kind}\x00{issuer}\x00{value}".encode()).digest()[:16]
