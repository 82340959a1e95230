"""DPoP proofs of the right shape, to be spoilt one member at a time."""

import base64
import json
from typing import Any

from tests.verify.tokens import ABSENT, API, NOW

from watchword.jose import Key, jwt
from watchword.oauth.dpop import ath

TOKEN = "an-access-token"


def proof_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good proof for ``GET /orders`` with ``changes``; `ABSENT` takes one away."""
    good = {"jti": "proof-1", "htm": "GET", "htu": API + "/orders", "iat": NOW, "ath": ath(TOKEN)}
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def proof(key: Key, *, typ: str = "dpop+jwt", **changes: Any) -> str:
    """A signed proof with its key in the header."""
    return jwt.encode(proof_claims(**changes), key, typ=typ, embed_public_key=True)


def raw_proof(key: Key, header: dict[str, Any], claims: dict[str, Any] | None = None) -> str:
    """A proof with exactly this header, signed by ``key`` all the same."""
    signing_input = _segment(header) + "." + _segment(proof_claims() if claims is None else claims)
    return signing_input + "." + _text(key.sign(signing_input.encode()))


def header(key: Key, **changes: Any) -> dict[str, Any]:
    """The header of a good proof with ``changes``; `ABSENT` takes one away."""
    good = {"typ": "dpop+jwt", "alg": key.alg, "jwk": public_jwk(key)}
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def public_jwk(key: Key) -> dict[str, Any]:
    """The public key as clients put it into a header: nothing but its type and its numbers, and its algorithm only
    where the type demands it (RFC 9964 section 3).
    """
    needless = {"kid", "use"} if key.kty == "AKP" else {"alg", "kid", "use"}
    return {name: value for name, value in key.to_dict().items() if name not in needless}


def _segment(members: dict[str, Any]) -> str:
    return _text(json.dumps(members).encode())


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
