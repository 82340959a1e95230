"""Strict JSON objects (RFC 8259; THREATS J38-J41).

UTF-8 only, one object, every member name once at every level, no NaN, no infinity, integers of at most 20 digits, at
most 32 levels deep. Nothing is searched with backtracking: headers are read before any signature is checked.
"""

import json
from typing import Annotated, Any

import msgspec

from watchword.jose.errors import MalformedTokenError

MAX_DEPTH = 32
MAX_INTEGER = 10**20 - 1
_BLANKS = bytes.maketrans(b"\t\n\r", b"   ")

_Small = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Leaf = str | _Small | float | bool | None
_One = _Leaf | list[_Leaf] | dict[str, _Leaf]
_Two = _Leaf | list[_One] | dict[str, _One]
_Three = _Leaf | list[_Two] | dict[str, _Two]
# Nearly every claim is of this shape, which the decoder checks as it reads: four levels, integers of 64 bits.
UsualValue = _Three
_decode_usual = msgspec.json.Decoder(dict[str, UsualValue]).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


def decode_object(data: bytes) -> dict[str, Any]:
    """The object that ``data`` is.

    Raises:
        MalformedTokenError: not strict JSON, not an object, a repeated name, nested too deeply, or a number
            too large.
    """
    try:
        members: dict[str, Any] = _decode_usual(data)
        # Commas part members: with one less than there are distinct names, none was repeated, here or further in. And
        # what is written again as the very same bytes repeated no name, since writing repeats none.
        if data.count(b",") == len(members) - 1 or _encode(members) == data:
            return members
    except (msgspec.MsgspecError, UnicodeDecodeError):
        members = _decode_unusual(data)
    _look_closely(data, members)
    return members


def _decode_unusual(data: bytes) -> dict[str, Any]:
    try:
        return _decode_any(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Without a cause: a decoder's error carries the whole text (THREATS J42).
        raise MalformedTokenError("the text is not a strict JSON object") from None


def _look_closely(data: bytes, members: dict[str, Any]) -> None:
    # Each name is followed by `":`, so where as many of these are found as there are members, nothing was repeated;
    # anything else is read again by the slower decoder that tells.
    if data.count(b'":') != _count_names(members) or b'" ' in data.translate(_BLANKS):
        _refuse_repeated_names(data)


def _refuse_repeated_names(data: bytes) -> None:
    try:
        json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise MalformedTokenError("the text is not a strict JSON object") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedTokenError("a member name appears twice in one JSON object")
    return members


def _count_names(members: dict[str, Any]) -> int:
    """How many members there are on all levels; level by level, so that depth costs no stack (THREATS J40).

    Raises:
        MalformedTokenError: nested too deeply, or a number too large.
    """
    names = 0
    level: list[Any] = [members]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            values = container
            if type(container) is dict:
                names += len(container)
                values = container.values()
            for value in values:
                kind = type(value)
                if kind is dict or kind is list:
                    below.append(value)
                elif kind is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
                    raise MalformedTokenError("the JSON holds a number that is too large")
        if not below:
            return names
        level = below
    raise MalformedTokenError("the JSON is nested too deeply")
