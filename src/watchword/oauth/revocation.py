"""What the revocation feed's writer and its readers must mean alike: docs/protocol/revocation.md."""

import base64
import hashlib

KINDS = ("token", "grant", "session", "key", "subject", "client", "all")

# The kinds whose rows carry an epoch instead of refusing the value outright.
EPOCH_KINDS = ("subject", "client", "all")

# Every message of the feed is a JWT of this type, alone in a body of this media type.
MESSAGE_TYPE = "watchword-journal+jwt"
MESSAGE_MEDIA_TYPE = f"application/{MESSAGE_TYPE}"
MESSAGE_ALGORITHM = "ES256"
MESSAGE_LIFETIME = 60  # seconds
PROTOCOL_VERSION = 1
MAX_BATCH_ENTRIES = 1000
MAX_PAGE_ENTRIES = 8000  # less than 1 MiB, whatever their kinds and numbers
MAX_SNAPSHOT_ENTRIES = 250_000  # less than 32 MiB, likewise
MAX_JOURNAL_ID_CHARACTERS = 128
MAX_NUMBER = 2**53 - 1  # what every JSON reader holds exactly (RFC 8259 section 6)
HEARTBEAT = 5  # seconds between two pushed messages, at most
STALE_AFTER = 30  # seconds without news after which a mirror is stale

# How long after the last token it could hit a row is kept, in seconds.
ROW_LEEWAY = 300


def journal_digest(kind: str, issuer: str, value: str) -> str:
    """base64url(SHA-256(kind || 0 || issuer || 0 || value)[:16]), 22 characters."""
    return base64.urlsafe_b64encode(digest_bytes(kind, issuer, value)).rstrip(b"=").decode("ascii")


def digest_bytes(kind: str, issuer: str, value: str) -> bytes:
    """The 16 bytes that `journal_digest` writes out."""
    return hashlib.sha256(f"{kind}\x00{issuer}\x00{value}".encode()).digest()[:16]
