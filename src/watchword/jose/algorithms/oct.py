"""HMAC with SHA-2 (RFC 7518 section 3.2): keys that signer and verifier share."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

from watchword.jose import base64url
from watchword.jose.algorithms.algorithm import Algorithm, member_bytes
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError

MAX_SECRET_BYTES = 1024
# A public key given as the shared secret is the oldest confusion there is (THREATS J05, J06): whatever looks like the
# text or the DER of a key is not a secret.
_KEY_TEXT = re.compile(rb"-----BEGIN|---- BEGIN|ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-|sk-(?:ssh|ecdsa)-|\"kty\"|\"keys\"")
_DER_SEQUENCE, _DER_INTEGER = 0x30, 0x02
_SHORTEST_DER_KEY = 44  # an Ed25519 SubjectPublicKeyInfo; a random secret of the usual 32 octets is never in doubt
_POINT_CURVES: dict[int, ec.EllipticCurve] = {65: ec.SECP256R1(), 97: ec.SECP384R1(), 133: ec.SECP521R1()}


@dataclass(frozen=True, slots=True)
class Mac:
    """The row's parameters: the hash and the least length of a key, in octets."""

    name: str
    hash: HashAlgorithm
    min_bytes: int


class OctKey:
    """A shared secret for one HMAC algorithm."""

    __slots__ = ("_mac", "_secret")

    def __init__(self, mac: Mac, secret: bytes) -> None:
        if not mac.min_bytes <= len(secret) <= MAX_SECRET_BYTES:
            raise InvalidKeyError(f"a key for {mac.name} has {mac.min_bytes} to {MAX_SECRET_BYTES} octets")
        if looks_like_a_key_document(secret):
            raise InvalidKeyError("this shared secret is the text of another key")
        self._secret = secret
        # The key's part is computed once; a copy of the state costs half of a MAC made from the start.
        self._mac = HMAC(secret, mac.hash)

    @property
    def is_private(self) -> bool:
        return True

    def sign(self, data: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(data)
        return mac.finalize()

    def verify(self, data: bytes, signature: bytes) -> None:
        mac = self._mac.copy()
        mac.update(data)
        try:
            mac.verify(signature)  # the whole tag, in constant time (THREATS J30)
        except InvalidSignature as error:
            raise SignatureInvalidError("the signature does not fit") from error

    def thumbprint_members(self) -> dict[str, str]:
        return {"kty": "oct", "k": base64url.encode_text(self._secret)}

    def public_members(self) -> dict[str, str]:
        return {"kty": "oct"}

    def private_members(self) -> dict[str, str]:
        return {"k": base64url.encode_text(self._secret)}


def looks_like_a_key_document(secret: bytes) -> bool:
    """Whether ``secret`` is a PEM, DER, OpenSSH or JWK document, or an elliptic-curve point, rather than a secret."""
    return bool(_KEY_TEXT.search(secret.replace(b"\0", b""))) or _is_point(secret) or _is_der_key(secret)


def _is_point(data: bytes) -> bool:
    curve = _POINT_CURVES.get(len(data))
    if curve is None:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve, data)
    except ValueError:
        return False
    return True


def _is_der_key(data: bytes) -> bool:
    """One SEQUENCE that fills ``data`` and starts as keys and certificates do."""
    if len(data) < _SHORTEST_DER_KEY or data[0] != _DER_SEQUENCE:
        return False
    start = 2
    length = data[1]
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return len(data) == start + length and data[start] in (_DER_SEQUENCE, _DER_INTEGER)


def _generate(mac: Mac) -> OctKey:
    return OctKey(mac, secrets.token_bytes(mac.min_bytes))


def _load(mac: Mac, members: Mapping[str, Any]) -> OctKey:
    return OctKey(mac, member_bytes(members, "k"))


def _row(name: str, hash_algorithm: HashAlgorithm, min_bytes: int) -> Algorithm:
    mac = Mac(name, hash_algorithm, min_bytes)
    return Algorithm(name, "oct", None, hash_algorithm.name, partial(_generate, mac), partial(_load, mac))


ALGORITHMS = (_row("HS256", SHA256(), 32), _row("HS384", SHA384(), 48), _row("HS512", SHA512(), 64))
