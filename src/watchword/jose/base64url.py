"""Base64url without padding, strict both ways (RFC 7515 section 2, RFC 4648 section 5; THREATS J32-J35).

There is exactly one text for each byte string: foreign characters, padding and unused bits that are not zero are
refused, because a signature checked over one text must not be carried by another.
"""

import binascii

from watchword.jose.errors import MalformedTokenError

# One pass in C maps the URL alphabet to the classic one and everything that only the classic one knows to "!",
# which `a2b_base64` refuses in strict mode: no regular expression is needed.
_TO_CLASSIC = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"!", b"==", b"=")
# The characters whose unused low bits are zero, for the last place of a segment of length 2 or 3 modulo 4.
_LAST = (frozenset(range(256)), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


def encode(data: bytes) -> bytes:
    """The base64url text of ``data``, without padding, as ASCII bytes."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL)


def decode(text: bytes) -> bytes:
    """The bytes that ``text`` stands for.

    Raises:
        MalformedTokenError: ``text`` is not the one canonical base64url text of any bytes.
    """
    if not text:
        return b""
    remainder = len(text) & 3
    if text[-1] not in _LAST[remainder]:
        raise MalformedTokenError("the text is not canonical base64url")
    try:
        return binascii.a2b_base64(text.translate(_TO_CLASSIC) + _PADDING[remainder], strict_mode=True)
    except binascii.Error as error:
        raise MalformedTokenError("the text is not base64url") from error


def encode_text(data: bytes) -> str:
    """`encode`, as text."""
    return encode(data).decode("ascii")


def decode_text(text: str) -> bytes:
    """`decode`, from text.

    Raises:
        MalformedTokenError: ``text`` is not canonical base64url.
    """
    if not text.isascii():  # asked first: the codec's own error would carry the whole text (THREATS J42)
        raise MalformedTokenError("the text is not base64url")
    return decode(text.encode("ascii"))


def encode_uint(number: int, length: int | None = None) -> str:
    """A positive integer, big-endian in ``length`` octets or as few as needed (RFC 7518 section 2, Base64urlUInt)."""
    return encode_text(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))
