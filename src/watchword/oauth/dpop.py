"""The vocabulary of DPoP, shared by those who write proofs and those who check them (RFC 9449).

https://www.rfc-editor.org/rfc/rfc9449#section-4.2
"""

import hashlib
import re

from watchword.jose import base64url
from watchword.jose.algorithms import ASYMMETRIC

PROOF_TYPE = "dpop+jwt"
PROOF_ALGORITHMS = ASYMMETRIC  # a proof by a shared secret proves nothing to whoever shares it

# A scheme, a host without user information, a port, a path: https://www.rfc-editor.org/rfc/rfc3986#section-3
_TARGET = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=]+)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*)?\Z",
    re.IGNORECASE,
)
_PERCENT_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def ath(access_token: str) -> str:
    """The claim ``ath``: the SHA-256 of the access token that a proof goes with.

    Raises:
        ValueError: the token is not ASCII, so no proof can go with it.
    """
    if not access_token.isascii():  # asked first: the codec's own error would carry the token
        raise ValueError("an access token is ASCII")
    return base64url.encode_text(hashlib.sha256(access_token.encode("ascii")).digest())


def normal_uri(url: str) -> str:
    """``url`` as targets of requests are compared: without query and fragment, case, port, percent-encoding and path
    in the one form that RFC 3986 sections 6.2.2 and 6.2.3 give them.

    Args:
        url: an absolute http or https URL in ASCII; a host of other letters in its ``xn--`` form.

    Raises:
        ValueError: it is none, or holds user information.

    https://www.rfc-editor.org/rfc/rfc9449#section-4.3
    """
    target = url.partition("#")[0].partition("?")[0]
    parts = _TARGET.match(target)
    if parts is None or not target.isascii():
        raise ValueError("the target of a request is an absolute http or https URL without user information")
    scheme = parts["scheme"].lower()
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= 65535:
        raise ValueError("the target of a request has a port that does not exist")
    authority = parts["host"].lower() if port == _DEFAULT_PORTS[scheme] else f"{parts['host'].lower()}:{port}"
    path = _PERCENT_ENCODED.sub(lambda found: _decoded_where_needless(found.group()), parts["path"] or "/")
    return f"{scheme}://{authority}{_without_dot_segments(path)}"


def _decoded_where_needless(octet: str) -> str:
    character = chr(int(octet[1:], 16))
    return character if _UNRESERVED.match(character) else octet.upper()


def _without_dot_segments(path: str) -> str:
    """https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4, for a path that begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
