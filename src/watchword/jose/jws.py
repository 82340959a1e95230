"""Signed bytes in compact form (RFC 7515 section 7.1), the only form there is here (THREATS J37, J67).

Before any cryptography the header's algorithm, the key's algorithm and the allow-list must be one and the same. (One
algorithm has two names: see `Key.header_algs`.)
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from watchword.jose import base64url
from watchword.jose import header as jose_header
from watchword.jose.algorithms import ASYMMETRIC, BY_NAME
from watchword.jose.errors import AlgorithmNotAllowedError, MalformedTokenError, UnknownKeyError
from watchword.jose.header import Header
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet

MAX_TOKEN_CHARACTERS = 16 * 1024
_MAX_REMEMBERED = 256
# Headers of tokens whose signature held: an issuer's tokens share theirs, so it is parsed once per key. Forged
# tokens cannot get in, and so cannot push the good ones out.
_remembered: dict[bytes, Header] = {}


# Both of these are structs because one is made for every request: msgspec makes them in a tenth of the time that a
# frozen dataclass takes.
class Message(msgspec.Struct, frozen=True):
    """A header and a payload whose signature held. Its repr does not show the payload."""

    header: Header
    payload: bytes

    def __repr__(self) -> str:
        return f"<Message {self.header!r}>"


class UnverifiedMessage(msgspec.Struct, frozen=True):
    """A token taken apart, with nothing checked but its form: the only thing that may be done with it is to look
    for the key that should verify it. Its repr does not show the token.
    """

    header: Header
    signing_input: bytes
    header_segment: bytes
    payload_segment: bytes
    signature_segment: bytes

    def __repr__(self) -> str:
        return f"<UnverifiedMessage {self.header!r}>"


def sign(payload: bytes, key: Key, *, typ: str, embed_public_key: bool = False) -> str:
    """The compact JWS over ``payload``.

    Args:
        payload: any bytes.
        key: a private key, or a shared secret.
        typ: the media type of the whole (RFC 7515 section 4.1.9).
        embed_public_key: put the public key into the header instead of its name, as DPoP proofs want
            (RFC 9449 section 4.2).

    Raises:
        InvalidKeyError: ``key`` cannot sign, or is a shared secret that was to be embedded.
    """
    if embed_public_key:
        header = jose_header.serialize(key.alg, typ, jwk=key.public_json())
    else:
        header = jose_header.serialize(key.alg, typ, kid=key.kid)
    signing_input = header + b"." + base64url.encode(payload)
    return (signing_input + b"." + base64url.encode(key.sign(signing_input))).decode("ascii")


def split(token: str) -> UnverifiedMessage:
    """Take a compact JWS apart without believing any of it.

    Raises:
        MalformedTokenError: not three segments, too long, or a header that must not be.
        TypeError: ``token`` is not a string.
    """
    if not isinstance(token, str):
        raise TypeError("a token is a str")
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise MalformedTokenError("the token is too long")
    # Asked first: the codec's own error would carry the whole token (THREATS J42).
    if not token.isascii():
        raise MalformedTokenError("the token is not a compact JWS")
    text = token.encode("ascii")
    segments = text.split(b".", 3)  # never more than four parts, however many dots there are (THREATS J36)
    if len(segments) != 3:
        raise MalformedTokenError("the token is not a compact JWS")
    header_segment, payload_segment, signature_segment = segments
    header = _remembered.get(header_segment) or jose_header.parse(header_segment)
    signing_input = text[: -1 - len(signature_segment)]
    return UnverifiedMessage(header, signing_input, header_segment, payload_segment, signature_segment)


def verify(token: str, key: Key | KeySet, *, algorithms: Sequence[str] = ASYMMETRIC) -> Message:
    """Check the signature of a compact JWS.

    Args:
        token: the compact text.
        key: the key, or the set from which the header's ``kid`` picks one.
        algorithms: the allow-list; by default every asymmetric algorithm, of which the key's is the only one usable.

    Raises:
        MalformedTokenError: not a strict compact JWS.
        UnknownKeyError: no key of the set is meant.
        AlgorithmNotAllowedError: header, key and allow-list do not agree.
        SignatureInvalidError: the signature does not fit.
        TypeError, ValueError: ``key`` or ``algorithms`` make no sense; the caller's mistake, not the token's.
    """
    return verify_message(split(token), key, algorithms=algorithms)


def verify_message(message: UnverifiedMessage, key: Key | KeySet, *, algorithms: Sequence[str] = ASYMMETRIC) -> Message:
    """`verify`, for a token that was already taken apart."""
    if not isinstance(key, Key | KeySet):  # the caller's mistake is told before the token's (THREATS J15)
        raise TypeError("a key is a Key or a KeySet")
    if message.header.alg not in _allow_list(algorithms):
        raise _not_allowed()
    return Message(message.header, signed_payload(message, key))


def signed_payload(message: UnverifiedMessage, key: Key | KeySet) -> bytes:
    """`verify_message`, for a caller that has looked for the header's algorithm in its allow-list already.

    Raises:
        JOSEError: as `verify` does.
        TypeError: ``key`` is none.
    """
    header = message.header
    # Usually the caller has found the very key that is named; asked here first, because every request passes.
    chosen = key if type(key) is Key and key.kid == header.kid else _choose(key, header.kid)
    if header.alg not in chosen.header_algs:
        raise _not_allowed()
    chosen.verify(message.signing_input, base64url.decode(message.signature_segment))
    if message.header_segment not in _remembered:
        _remember(message.header_segment, header)
    return base64url.decode(message.payload_segment)


def _not_allowed() -> AlgorithmNotAllowedError:
    return AlgorithmNotAllowedError("the token's algorithm is not the one of its key, or not allowed")


def _choose(key: Key | KeySet, kid: str | None) -> Key:
    if isinstance(key, KeySet):
        return key.find(kid)
    if not isinstance(key, Key):
        raise TypeError("a key is a Key or a KeySet")
    if kid is not None and key.has_own_kid and key.kid != kid:
        raise UnknownKeyError("the token names a key that is not known")
    return key


def _allow_list(algorithms: Sequence[str]) -> frozenset[str]:
    # A string would be searched for substrings (THREATS J09).
    if isinstance(algorithms, str):
        raise TypeError("algorithms is a sequence of names, not one string")
    return _checked_allow_list(algorithms if isinstance(algorithms, tuple) else tuple(algorithms))


@lru_cache(maxsize=128)
def _checked_allow_list(algorithms: tuple[str, ...]) -> frozenset[str]:
    unknown = [name for name in algorithms if name not in BY_NAME]
    if unknown or not algorithms:
        raise ValueError("algorithms names none, or one that is not supported")
    if len({BY_NAME[name].is_symmetric for name in algorithms}) > 1:
        raise ValueError("algorithms mixes shared secrets with public keys")
    return frozenset(algorithms)


def _remember(segment: bytes, header: Header) -> None:
    # Whoever likes may sign a proof with a key that it brings along; such headers are as many as there are keys.
    if "jwk" in header.members:
        return
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    _remembered[segment] = header
