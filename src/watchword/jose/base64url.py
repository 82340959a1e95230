"""Base64url without padding, strict both ways (RFC 7515 section 2, RFC 4648 section 5; THREATS J32-J35).

There is exactly one text for each byte string: foreign characters, padding and unused bits that are not zero are
refused, because a signature checked over one text must not be carried by another.
"""

import binascii

import msgspec

from watchword.jose.errors import MalformedTokenError

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_URL = bytes.maketrans(b"+/", b"-_")
# One pass in C maps the URL alphabet to the classic one and every other byte to "!", which no decoder takes.
_TO_CLASSIC = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/")}.get(byte, byte) if byte in _ALPHABET else ord("!") for byte in range(256)
)
# msgspec's decoder takes half the time of binascii's and is as strict. It reads a JSON string; after the pass above
# nothing can end that string early. Nothing fits a length of 1 modulo 4.
_CLOSING = (b'"', b'!"', b'=="', b'="')
_decode = msgspec.json.Decoder(bytes).decode
# By the length modulo 4, the characters that may be the last: those whose unused low bits are zero.
_LAST = (frozenset(_ALPHABET), frozenset[int](), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


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
    if remainder and text[-1] not in _LAST[remainder]:
        raise MalformedTokenError("the text is not canonical base64url")
    try:
        return _decode(b'"' + text.translate(_TO_CLASSIC) + _CLOSING[remainder])
    except msgspec.ValidationError as error:
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
