"""The public members of a JWK, from a key that the `cryptography` package read: written apart from the product's own
reading, so that the two can be held against each other.
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}


def public_members(key: Any) -> dict[str, str]:
    """``kty`` and what belongs to it."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        octets = (key.curve.key_size + 7) // 8
        point = key.public_numbers()
        x, y = (b64(number.to_bytes(octets, "big")) for number in (point.x, point.y))
        return {"kty": "EC", "crv": CURVES[key.curve.name], "x": x, "y": y}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        n, e = (b64(number.to_bytes((number.bit_length() + 7) // 8, "big")) for number in (numbers.n, numbers.e))
        return {"kty": "RSA", "n": n, "e": e}
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        crv = "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
        return {"kty": "OKP", "crv": crv, "x": b64(key.public_bytes_raw())}
    return {"kty": "AKP", "pub": b64(key.public_bytes_raw())}


def b64(data: bytes) -> str:
    """Base64url without padding, by the standard library."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
