"""A header that was found good once.

The tokens of one issuer share their header byte for byte until its key changes. What was decided about those bytes,
that they are a sound header and that this key and the allow-list fit it, holds for every token that begins with them.
"""

from watchword.jose import base64url
from watchword.jose.errors import MalformedTokenError
from watchword.jose.jwk import Key
from watchword.jose.jws import MAX_TOKEN_CHARACTERS, UnverifiedMessage


class KnownHeader:
    """Opens tokens that begin with one header, with the key that it names.

    Args:
        message: a token whose signature was verified.
        key: with this key.
    """

    __slots__ = ("_payload_at", "_verify", "header", "key")

    def __init__(self, message: UnverifiedMessage, key: Key) -> None:
        self.header = message.header
        self.key = key
        self._verify = key.verify
        self._payload_at = len(message.header_segment) + 1

    def payload(self, token: str) -> bytes:
        """The payload of a token that begins with this very header and a dot, if its signature fits.

        Raises:
            SignatureInvalidError: it does not.
            MalformedTokenError: this is no compact JWS.
        """
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise MalformedTokenError("the token is too long, or not a compact JWS")
        signing_input, _, signature = token.encode("ascii").rpartition(b".")
        payload = signing_input[self._payload_at :]
        if len(signing_input) < self._payload_at or b"." in payload:
            raise MalformedTokenError("the token is not a compact JWS")
        self._verify(signing_input, base64url.decode(signature))
        return base64url.decode(payload)
