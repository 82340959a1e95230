"""Tokens that no honest issuer would make, signed correctly all the same: the checks are tested, not the signature."""

import base64
import json
from typing import Any

from watchword.jose import Key


def b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(key: Key, header: dict[str, Any] | str | bytes, payload: dict[str, Any] | str | bytes = b"{}") -> str:
    """A compact JWS over exactly this header and payload, signed with ``key``."""
    head, body = (b64(json.dumps(part) if isinstance(part, dict) else part) for part in (header, payload))
    signing_input = f"{head}.{body}"
    return f"{signing_input}.{b64(key.sign(signing_input.encode()))}"
