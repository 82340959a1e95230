"""Base64url without padding, strict both ways (RFC 7515 section 2, RFC 4648 section 5; THREATS J32-J35).

There is exactly one text for each byte string: foreign characters, padding and unused bits that are not zero are
refused, because a signature checked over one text must not be carried by another.
"""

import binascii

from pybase64 import b64decode, b64encode

from watchword.jose.errors import MalformedTokenError

_URL = b"-_"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# By the length modulo 4: the padding that the decoder wants, and the characters that may be the last, namely those
# whose unused low bits are zero. Nothing fits a length of 1 modulo 4.
_PADDING = ("", "", "==", "=")
_LAST = (frozenset(_ALPHABET), frozenset[str](), frozenset("AQgw"), frozenset("AEIMQUYcgkosw048"))


def encode(data: bytes) -> bytes:
    """The base64url text of ``data``, without padding, as ASCII bytes."""
    return b64encode(data, _URL).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """The bytes that ``text`` stands for.

    Raises:
        MalformedTokenError: ``text`` is not the one canonical base64url text of any bytes.
    """
    return decode_text(text.decode("latin-1"))


def encode_text(data: bytes) -> str:
    """`encode`, as text."""
    return encode(data).decode("ascii")


def decode_text(text: str) -> bytes:
    """The bytes that ``text`` stands for.

    Raises:
        MalformedTokenError: ``text`` is not the one canonical base64url text of any bytes.
    """
    remainder = len(text) & 3
    if remainder and text[-1] not in _LAST[remainder]:
        raise MalformedTokenError("the text is not canonical base64url")
    # The decoder takes the classic alphabet besides, and padding; of other characters its error would carry the text
    # (THREATS J42).
    if "+" in text or "/" in text or "=" in text or not text.isascii():
        raise MalformedTokenError("the text is not base64url")
    try:
        return b64decode(text + _PADDING[remainder] if remainder else text, _URL, True)
    except binascii.Error as error:
        raise MalformedTokenError("the text is not base64url") from error


def encode_uint(number: int, length: int | None = None) -> str:
    """A positive integer, big-endian in ``length`` octets or as few as needed (RFC 7518 section 2, Base64urlUInt)."""
    return encode_text(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))
