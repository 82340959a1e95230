"""Proof Key for Code Exchange, S256 only: https://www.rfc-editor.org/rfc/rfc7636

``plain`` does not exist here: a challenge that equals its verifier protects nothing once the request is seen (O09).
"""

import base64
import hashlib
import hmac
import re
import secrets

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}\Z")
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}\Z")

METHOD = "S256"


def new_verifier() -> str:
    """A verifier of 256 random bits."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of ``verifier``."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def is_challenge(text: str) -> bool:
    """Whether ``text`` can be an S256 challenge: 43 characters of base64url."""
    return _S256_CHALLENGE.match(text) is not None


def verifier_matches(verifier: str, challenge: str) -> bool:
    """Whether ``verifier`` is well formed and hashes to ``challenge``; compared in constant time."""
    if not _VERIFIER.match(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
