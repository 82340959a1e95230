"""ECDSA on the NIST curves, each with its own hash (RFC 7518 section 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from watchword.jose import base64url
from watchword.jose.algorithms.algorithm import Algorithm, member_fixed
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError, UnsupportedKeyError

# The first octets of a DER integer and of a DER sequence, by the length of what follows them.
_INTEGER = tuple(bytes((0x02, length)) for length in range(68))
_SEQUENCE = tuple(bytes((0x30, length)) if length < 0x80 else bytes((0x30, 0x81, length)) for length in range(140))


@dataclass(frozen=True, slots=True)
class Curve:
    """The row's parameters: ``octets`` is the width of a coordinate and of half a signature, ``order`` the group's."""

    crv: str
    curve: ec.EllipticCurve
    hash: HashAlgorithm
    octets: int
    order: int


class ECKey:
    """A key on one curve."""

    __slots__ = ("_curve", "_length", "_octets", "_order", "_private", "_public", "_scheme", "_verify", "_zero")

    def __init__(
        self, curve: Curve, public: ec.EllipticCurvePublicKey, private: ec.EllipticCurvePrivateKey | None
    ) -> None:
        self._curve = curve
        self._public = public
        self._private = private
        # Read on every verification, so kept flat.
        self._verify = public.verify
        self._scheme = ec.ECDSA(curve.hash)
        self._octets = curve.octets
        self._length = 2 * curve.octets
        self._zero = bytes(curve.octets)
        self._order = curve.order.to_bytes(curve.octets, "big")

    @property
    def is_private(self) -> bool:
        return self._private is not None

    def sign(self, data: bytes) -> bytes:
        assert self._private is not None
        r, s = decode_dss_signature(self._private.sign(data, self._scheme))
        return r.to_bytes(self._octets, "big") + s.to_bytes(self._octets, "big")

    def verify(self, data: bytes, signature: bytes) -> None:
        if len(signature) != self._length:
            raise SignatureInvalidError("the signature does not fit")
        r, s = signature[: self._octets], signature[self._octets :]
        # Zero and the group's order are refused here, not left to the library (THREATS J24). Numbers of one width
        # compare as their octets do.
        if not (self._zero < r < self._order and self._zero < s < self._order):
            raise SignatureInvalidError("the signature does not fit")
        # The library wants DER: written here in a third of the time that two big integers and its encoder take.
        first, second = r[0], s[0]
        if first > 0x7F:
            r = b"\0" + r
        elif not first:
            r = _shortest(r)
        if second > 0x7F:
            s = b"\0" + s
        elif not second:
            s = _shortest(s)
        body = _INTEGER[len(r)] + r + _INTEGER[len(s)] + s
        try:
            self._verify(_SEQUENCE[len(body)] + body, data, self._scheme)
        except InvalidSignature as error:
            raise SignatureInvalidError("the signature does not fit") from error

    def thumbprint_members(self) -> dict[str, str]:
        return self.public_members()

    def public_members(self) -> dict[str, str]:
        numbers = self._public.public_numbers()
        width = self._octets
        x, y = base64url.encode_uint(numbers.x, width), base64url.encode_uint(numbers.y, width)
        return {"kty": "EC", "crv": self._curve.crv, "x": x, "y": y}

    def private_members(self) -> dict[str, str]:
        if self._private is None:
            return {}
        return {"d": base64url.encode_uint(self._private.private_numbers().private_value, self._octets)}


def _shortest(number: bytes) -> bytes:
    """The octets of a DER integer, of a number that begins with a zero."""
    number = number.lstrip(b"\0")
    return b"\0" + number if number[0] > 0x7F else number


def _generate(curve: Curve) -> ECKey:
    private = ec.generate_private_key(curve.curve)
    return ECKey(curve, private.public_key(), private)


def _load(curve: Curve, members: Mapping[str, Any]) -> ECKey:
    if members.get("crv") != curve.crv:
        raise UnsupportedKeyError("the key's curve is not the one of its algorithm")
    x = int.from_bytes(member_fixed(members, "x", curve.octets), "big")
    y = int.from_bytes(member_fixed(members, "y", curve.octets), "big")
    numbers = ec.EllipticCurvePublicNumbers(x, y, curve.curve)
    try:
        public = numbers.public_key()  # refuses points that are not on the curve
        if "d" not in members:
            return ECKey(curve, public, None)
        secret = int.from_bytes(member_fixed(members, "d", curve.octets), "big")
        private = ec.derive_private_key(secret, curve.curve)
    except ValueError as error:
        raise InvalidKeyError("the point is not on the curve, or the key is out of range") from error
    if private.public_key().public_numbers() != numbers:
        raise InvalidKeyError("the private key does not belong to the public key")
    return ECKey(curve, public, private)


def _row(name: str, curve: Curve) -> Algorithm:
    return Algorithm(name, "EC", curve.crv, curve.hash.name, partial(_generate, curve), partial(_load, curve))


# The group orders of SEC 2 (secp256r1, secp384r1, secp521r1).
_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384 = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_P521 = 0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409  # noqa: E501  one number

ALGORITHMS = (
    _row("ES256", Curve("P-256", ec.SECP256R1(), SHA256(), 32, _P256)),
    _row("ES384", Curve("P-384", ec.SECP384R1(), SHA384(), 48, _P384)),
    _row("ES512", Curve("P-521", ec.SECP521R1(), SHA512(), 66, _P521)),
)
