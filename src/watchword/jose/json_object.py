"""Strict JSON objects (RFC 8259; THREATS J38-J41).

UTF-8 only, one object, every member name once at every level, no NaN, no infinity, at most 32 levels deep.
"""

import json
import re
from typing import Any

import msgspec

from watchword.jose.errors import MalformedTokenError

MAX_DEPTH = 32
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def decode_object(data: bytes) -> dict[str, Any]:
    """The object that ``data`` is.

    Raises:
        MalformedTokenError: not strict JSON, not an object, a repeated name, or nested too deeply.
    """
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _refuse_depth(data)
    try:
        members = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedTokenError("the text is not a strict JSON object") from error
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
    except (ValueError, RecursionError) as error:
        raise MalformedTokenError("the text is not a strict JSON object") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedTokenError("a member name appears twice in one JSON object")
    return members


def _refuse_depth(data: bytes) -> None:
    depth = 0
    for token in _STRUCTURE.findall(data):
        if token in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedTokenError("the JSON is nested too deeply")
        elif token in b"]}":
            depth -= 1
