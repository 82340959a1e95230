"""Edwards-curve signatures (RFC 8037) under their fully specified names (RFC 9864).

``EdDSA``, the name that leaves the curve open, is a row of its own for keys that say it; the key's ``crv`` says which
curve is meant (THREATS J12).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from watchword.jose import base64url
from watchword.jose.algorithms.algorithm import Algorithm, member_fixed
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError, UnsupportedKeyError

PublicKey = Ed25519PublicKey | Ed448PublicKey
PrivateKey = Ed25519PrivateKey | Ed448PrivateKey


@dataclass(frozen=True, slots=True)
class Curve:
    """The row's parameters: lengths in octets, the field's prime, and the y of every point of small order."""

    crv: str
    key_octets: int
    signature_octets: int
    prime: int
    small_order: frozenset[int]
    generate: Callable[[], PrivateKey]
    load_public: Callable[[bytes], PublicKey]
    load_private: Callable[[bytes], PrivateKey]


class OKPKey:
    """A key on one Edwards curve."""

    __slots__ = ("_curve", "_private", "_public", "_signature_octets", "_verify")

    def __init__(self, curve: Curve, public: PublicKey, private: PrivateKey | None) -> None:
        self._curve = curve
        self._public = public
        self._private = private
        self._verify = public.verify
        self._signature_octets = curve.signature_octets

    @property
    def is_private(self) -> bool:
        return self._private is not None

    def sign(self, data: bytes) -> bytes:
        assert self._private is not None
        return self._private.sign(data)

    def verify(self, data: bytes, signature: bytes) -> None:
        if len(signature) != self._signature_octets:
            raise SignatureInvalidError("the signature does not fit")
        try:
            self._verify(signature, data)
        except InvalidSignature as error:
            raise SignatureInvalidError("the signature does not fit") from error

    def thumbprint_members(self) -> dict[str, str]:
        return self.public_members()

    def public_members(self) -> dict[str, str]:
        x = base64url.encode_text(self._public.public_bytes_raw())
        return {"kty": "OKP", "crv": self._curve.crv, "x": x}

    def private_members(self) -> dict[str, str]:
        if self._private is None:
            return {}
        return {"d": base64url.encode_text(self._private.private_bytes_raw())}


def _generate(curve: Curve) -> OKPKey:
    private = curve.generate()
    return OKPKey(curve, private.public_key(), private)


def _load(curve: Curve, members: Mapping[str, Any]) -> OKPKey:
    if members.get("crv") != curve.crv:
        raise UnsupportedKeyError("the key's curve is not the one of its algorithm")
    x = member_fixed(members, "x", curve.key_octets)
    _refuse_weak(curve, x)
    try:
        public = curve.load_public(x)
        if "d" not in members:
            return OKPKey(curve, public, None)
        private = curve.load_private(member_fixed(members, "d", curve.key_octets))
    except ValueError as error:
        raise InvalidKeyError("the key is not one of its curve") from error
    if private.public_key().public_bytes_raw() != x:
        raise InvalidKeyError("the private key does not belong to the public key")
    return OKPKey(curve, public, private)


def _refuse_weak(curve: Curve, x: bytes) -> None:
    """Under a point of small order signatures fit messages that nobody signed; a y that is not reduced is a second
    name for a point (THREATS J27). The library takes both.
    """
    y = int.from_bytes(x, "little") & ((1 << (8 * curve.key_octets - 1)) - 1)
    if y >= curve.prime or y in curve.small_order:
        raise InvalidKeyError("the point is not one that keys have")


def _load_pinned(members: Mapping[str, Any]) -> OKPKey:
    for curve in (_ED25519, _ED448):
        if members.get("crv") == curve.crv:
            return _load(curve, members)
    raise UnsupportedKeyError("the key's curve is not supported")


def _row(curve: Curve, hash_name: str | None) -> Algorithm:
    generate, load = partial(_generate, curve), partial(_load, curve)
    return Algorithm(curve.crv, "OKP", curve.crv, hash_name, generate, load, open_name="EdDSA")


_P25519 = 2**255 - 19
_P448 = 2**448 - 2**224 - 1
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7  # and its negative

_ED25519 = Curve(
    "Ed25519",
    32,
    64,
    _P25519,
    frozenset((0, 1, _P25519 - 1, _ORDER_8_Y, _P25519 - _ORDER_8_Y)),
    Ed25519PrivateKey.generate,
    Ed25519PublicKey.from_public_bytes,
    Ed25519PrivateKey.from_private_bytes,
)
_ED448 = Curve(
    "Ed448",
    57,
    114,
    _P448,
    frozenset((0, 1, _P448 - 1)),
    Ed448PrivateKey.generate,
    Ed448PublicKey.from_public_bytes,
    Ed448PrivateKey.from_private_bytes,
)

# The hash of ``at_hash`` is the curve's own; for Ed448 no specification fixes the output's length, so there is none.
ALGORITHMS = (
    _row(_ED25519, "sha512"),
    _row(_ED448, None),
    Algorithm("EdDSA", "OKP", None, "sha512", partial(_generate, _ED25519), _load_pinned),
)
