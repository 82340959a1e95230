"""Tokens as an attacker writes them: any header, any claims, signed in whatever way."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from watchword.jose import base64url
from watchword.jose.json_object import decode_object

IMPOSTOR: Mapping[str, Any] = {"sub": "somebody-else", "roles": ["admin"]}
"""Whoever the attacker wants to be."""


def header_of(token: str) -> dict[str, Any]:
    """The header of a compact token, as anybody reads it."""
    return decode_object(base64url.decode_text(token.split(".", maxsplit=1)[0]))


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a compact token, as anybody reads them."""
    return decode_object(base64url.decode_text(token.split(".")[1]))


def forged_claims(token: str) -> dict[str, Any]:
    """The claims of a compact token, with the impostor in place of its holder."""
    return {**claims_of(token), **IMPOSTOR}


def forge(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A compact token: https://www.rfc-editor.org/rfc/rfc7515#section-7.1

    Args:
        header: as it shall be.
        claims: the same.
        sign: gives the signature over the octets of both.
    """
    signed = f"{_segment(header)}.{_segment(claims)}"
    return f"{signed}.{base64url.encode_text(sign(signed.encode('ascii')))}"


def _segment(members: Mapping[str, Any]) -> str:
    return base64url.encode_text(json.dumps(dict(members), separators=(",", ":")).encode())
