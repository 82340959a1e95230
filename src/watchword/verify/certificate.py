"""Client certificates that tokens are bound to (RFC 8705 section 3.1), and how a proxy hands them on.

Whether a certificate is trusted, and not expired, was decided when the connection was made; here it is only told
from others.
"""

import hashlib
import re
from base64 import b64decode
from binascii import Error as NotBase64Error
from urllib.parse import unquote_to_bytes

from watchword.jose import base64url
from watchword.verify.errors import PresentationError

MAX_HEADER_CHARACTERS = 16 * 1024
_PEM = re.compile(rb"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*\Z")


def certificate_thumbprint(der: bytes) -> str:
    """``x5t#S256`` of a certificate: https://www.rfc-editor.org/rfc/rfc8705#section-3.1"""
    return base64url.encode_text(hashlib.sha256(der).digest())


def certificate_from_header(value: str) -> bytes | None:
    """The DER of the certificate in a header that a trusted proxy sets; None when the header is empty.

    Args:
        value: ``:…:`` (RFC 9440, ``Client-Cert``), or URL-encoded PEM (nginx: ``$ssl_client_escaped_cert``).

    Raises:
        PresentationError: neither.
    """
    text = value.strip(" \t")
    if not text:
        return None
    if len(text) > MAX_HEADER_CHARACTERS or not text.isascii():
        raise PresentationError("the client certificate's header cannot be read")
    if text.startswith(":"):
        return _decoded(text[1:-1].encode("ascii")) if text.endswith(":") and len(text) > 2 else _unreadable()
    pem = _PEM.match(unquote_to_bytes(text))
    return _unreadable() if pem is None else _decoded(b"".join(pem[1].split()))


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except NotBase64Error:
        return _unreadable()


def _unreadable() -> bytes:
    raise PresentationError("the client certificate's header cannot be read")
