"""Opaque bearer artefacts: codes, refresh tokens, secrets, cookies. Stored as digests only."""

import hashlib
import secrets

_ENTROPY_BYTES = 32


def new_bearer(prefix: str) -> str:
    """``prefix`` and 256 random bits; the prefix lets a scanner name what leaked, and keeps kinds apart (O23)."""
    return f"{prefix}_{secrets.token_urlsafe(_ENTROPY_BYTES)}"


def digest(text: str) -> str:
    """SHA-256 of ``text`` in hexadecimal: enough for a text of 256 random bits, which cannot be guessed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
