"""A header that was found good once.

The tokens of one issuer share their header byte for byte until its key changes. What was decided about those bytes,
that they are a sound header and that this key and the allow-list fit it, holds for every token that begins with them.
"""

from collections.abc import Callable

from watchword.jose import base64url
from watchword.jose.errors import MalformedTokenError
from watchword.jose.jwk import Key
from watchword.jose.jws import MAX_TOKEN_CHARACTERS, UnverifiedMessage


class KnownHeader:
    """Opens tokens that begin with one header, with the key that it names.

    Args:
        message: a token whose signature was verified.
        key: with this key.

    Attributes:
        payload: gives the payload of a token that begins with this very header and a dot, if its signature fits.
            Raises `SignatureInvalidError` if it does not, `MalformedTokenError` if this is no compact JWS.
    """

    __slots__ = ("header", "key", "payload")

    def __init__(self, message: UnverifiedMessage, key: Key) -> None:
        self.header = message.header
        self.key = key
        self.payload = _opener(key.verify, len(message.header_segment) + 1)


def _opener(verify: Callable[[bytes, bytes], None], payload_at: int) -> Callable[[str], bytes]:
    """A closure: what is bound in it is found sooner than attributes are."""
    decode = base64url.decode_text

    def payload(token: str) -> bytes:
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise MalformedTokenError("the token is too long, or not a compact JWS")
        signed, _, signature = token.rpartition(".")
        segment = signed[payload_at:]
        if len(signed) < payload_at or "." in segment:
            raise MalformedTokenError("the token is not a compact JWS")
        verify(signed.encode("ascii"), decode(signature))
        return decode(segment)

    return payload
