"""The vectors of docs/protocol/revocation.md, and what the tests of this folder build messages from."""

import json
from pathlib import Path
from typing import Any

import pytest

from watchword.verify.revocation.message import Message, read_claims

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs/protocol/revocation-vectors.json").read_text())
ISSUER: str = VECTORS["issuer"]
NOW: int = VECTORS["now"]


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


def message(claims: dict[str, Any], *, now: float = NOW) -> Message:
    """The message that ``claims`` are, as if they had been signed."""
    return read_claims(claims, issuer=ISSUER, now=now, leeway=60.0)
