"""JWK thumbprints (RFC 7638; RFC 8037 section 2 for OKP, RFC 9964 for AKP) and their URIs (RFC 9278)."""

import hashlib
from collections.abc import Mapping

import msgspec

from watchword.jose import base64url


def of(required: Mapping[str, str]) -> str:
    """The SHA-256 thumbprint of a key.

    Args:
        required: the members that RFC 7638 section 3.2 requires for its type, ``kty`` included, and no others.
    """
    canonical = msgspec.json.encode(dict(sorted(required.items())))
    return base64url.encode_text(hashlib.sha256(canonical).digest())


def uri(thumbprint: str) -> str:
    """The name of a key as a URI (RFC 9278 section 3).

    Args:
        thumbprint: from `of` or `Key.thumbprint`.
    """
    return f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{thumbprint}"
