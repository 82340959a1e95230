"""Strict JSON objects (RFC 8259; THREATS J38-J41).

UTF-8 only, one object, every member name once at every level, no NaN, no infinity, integers of at most 20 digits, at
most 32 levels deep. Nothing is searched with backtracking: headers are read before any signature is checked.
"""

import json
from typing import Any

import msgspec

from watchword.jose.errors import MalformedTokenError

MAX_DEPTH = 32
_decode = msgspec.json.Decoder(dict[str, Any]).decode
MAX_INTEGER = 10**20 - 1


def decode_object(data: bytes) -> dict[str, Any]:
    """The object that ``data`` is.

    Raises:
        MalformedTokenError: not strict JSON, not an object, a repeated name, nested too deeply, or a number
            too large.
    """
    try:
        members = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Without a cause: a decoder's error carries the whole text (THREATS J42).
        raise MalformedTokenError("the text is not a strict JSON object") from None
    _refuse_extremes(members)
    # msgspec keeps the last of two equal names. Each name is followed by `":`, so where as many of these are found
    # as there are top-level members, nothing was repeated or nested; anything else is looked at slowly.
    if data.count(b'":') != len(members) or b'" ' in data or _space_before_colon(data):
        _refuse_repeated_names(data)
    return members


def _space_before_colon(data: bytes) -> bool:
    return b'"\t' in data or b'"\n' in data or b'"\r' in data


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


def _refuse_extremes(members: dict[str, Any]) -> None:
    """Level by level, so that depth costs no stack (THREATS J40)."""
    level: list[Any] = [members]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            for value in container.values() if type(container) is dict else container:
                kind = type(value)
                if kind is dict or kind is list:
                    below.append(value)
                elif kind is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
                    raise MalformedTokenError("the JSON holds a number that is too large")
        if not below:
            return
        level = below
    raise MalformedTokenError("the JSON is nested too deeply")
