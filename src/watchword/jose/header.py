"""The JOSE header of a compact JWS (RFC 7515 section 4; THREATS J02, J03, J38-J53).

Keys, and addresses of keys, that a header carries (``jwk``, ``jku``, ``x5c``, ``x5u``) are never looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from watchword.jose import base64url
from watchword.jose.errors import MalformedTokenError, UnsupportedHeaderError
from watchword.jose.json_object import decode_object

MAX_HEADER_BYTES = 4096
MAX_KID_CHARACTERS = 128
_EXTENSIONS = ("crit", "b64", "zip")


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose shape holds. Who wrote it is known only after the signature was checked.

    ``kind`` is ``typ`` in the one form that can be compared: lower case, without ``application/``. ``members`` is
    read-only, since tokens share their header.
    """

    alg: str
    kid: str | None
    kind: str | None
    members: Mapping[str, Any]


def parse(segment: bytes) -> Header:
    """The header in the first segment of a token.

    Raises:
        MalformedTokenError: not base64url, not strict JSON, too long, or a parameter of the wrong type.
        UnsupportedHeaderError: it demands an extension.
    """
    if len(segment) > MAX_HEADER_BYTES * 4 // 3:
        raise MalformedTokenError("the header is too long")
    members = decode_object(base64url.decode(segment))
    for name in _EXTENSIONS:
        if name in members:
            raise UnsupportedHeaderError(f"the header parameter `{name}` is not supported")
    return Header(_algorithm(members), _key_id(members), _kind(members), MappingProxyType(members))


def _algorithm(members: Mapping[str, Any]) -> str:
    alg = members.get("alg")
    if not isinstance(alg, str) or not alg:
        raise MalformedTokenError("the header parameter `alg` is not a string")
    return alg


def _key_id(members: Mapping[str, Any]) -> str | None:
    if "kid" not in members:
        return None
    kid = members["kid"]
    if not is_key_id(kid):
        raise MalformedTokenError("the header parameter `kid` is not a short printable string")
    return str(kid)


def _kind(members: Mapping[str, Any]) -> str | None:
    if "typ" not in members:
        return None
    typ = members["typ"]
    if not isinstance(typ, str):
        raise MalformedTokenError("the header parameter `typ` is not a string")
    return normal_type(typ)


def is_key_id(value: object) -> bool:
    """Whether ``value`` may name a key: 1 to 128 printable characters (THREATS J47)."""
    return isinstance(value, str) and 0 < len(value) <= MAX_KID_CHARACTERS and value.isprintable()


@lru_cache(maxsize=64)
def normal_type(typ: str) -> str:
    """``typ`` as media types are compared (RFC 7515 section 4.1.9): no case, and ``application/`` may be left out."""
    lowered = typ.lower() if typ.isascii() else typ
    short = lowered.removeprefix("application/")
    return lowered if "/" in short else short


@lru_cache(maxsize=256)
def serialize(alg: str, typ: str, *, kid: str | None = None, jwk: bytes | None = None) -> bytes:
    """The header segment for tokens that we sign; the same few are needed again and again.

    Args:
        alg: the algorithm of the key.
        typ: the media type of the whole.
        kid: the key's name.
        jwk: the public key itself, as JSON; being an argument, it cannot be remembered for another key.
    """
    members: dict[str, Any] = {"alg": alg, "typ": typ}
    if kid is not None:
        members["kid"] = kid
    if jwk is not None:
        members["jwk"] = msgspec.Raw(jwk)
    return base64url.encode(msgspec.json.encode(members))
