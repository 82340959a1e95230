"""RSA signatures: PKCS #1 v1.5 and PSS (RFC 7518 sections 3.3 and 3.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from watchword.jose import base64url
from watchword.jose.algorithms.algorithm import Algorithm, member_uint
from watchword.jose.algorithms.roca import has_fingerprint
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError

MIN_MODULUS_BITS = 2048
MAX_MODULUS_BITS = 8192
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi")


@dataclass(frozen=True, slots=True)
class Scheme:
    """The row's parameters."""

    padding: AsymmetricPadding
    hash: HashAlgorithm


class RSAKey:
    """An RSA key for one algorithm: one key never serves both paddings (RFC 8725 section 3.1, THREATS J11)."""

    __slots__ = ("_hash", "_length", "_padding", "_private", "_public")

    def __init__(self, scheme: Scheme, public: rsa.RSAPublicKey, private: rsa.RSAPrivateKey | None) -> None:
        _refuse_weak(public.public_numbers())
        self._hash = scheme.hash
        self._padding = scheme.padding
        self._public = public
        self._private = private
        self._length = (public.key_size + 7) // 8

    @property
    def is_private(self) -> bool:
        return self._private is not None

    def sign(self, data: bytes) -> bytes:
        assert self._private is not None
        return self._private.sign(data, self._padding, self._hash)

    def verify(self, data: bytes, signature: bytes) -> None:
        if len(signature) != self._length:
            raise SignatureInvalidError("the signature does not fit")
        try:
            self._public.verify(signature, data, self._padding, self._hash)
        except InvalidSignature as error:
            raise SignatureInvalidError("the signature does not fit") from error

    def thumbprint_members(self) -> dict[str, str]:
        return self.public_members()

    def public_members(self) -> dict[str, str]:
        numbers = self._public.public_numbers()
        return {"kty": "RSA", "n": base64url.encode_uint(numbers.n), "e": base64url.encode_uint(numbers.e)}

    def private_members(self) -> dict[str, str]:
        if self._private is None:
            return {}
        numbers = self._private.private_numbers()
        values = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        return {name: base64url.encode_uint(value) for name, value in zip(_PRIVATE_MEMBERS, values, strict=True)}


def _refuse_weak(numbers: rsa.RSAPublicNumbers) -> None:
    """Too small to trust, so large that a verification becomes an attack, or broken by design (THREATS J16)."""
    if not MIN_MODULUS_BITS <= numbers.n.bit_length() <= MAX_MODULUS_BITS:
        raise InvalidKeyError(f"an RSA modulus has {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS} bits")
    if numbers.n % 2 == 0 or numbers.e % 2 == 0 or not 3 <= numbers.e < 2**32:
        raise InvalidKeyError("the RSA modulus or exponent is not one that keys have")
    if has_fingerprint(numbers.n):
        raise InvalidKeyError("the RSA key comes from a generator whose keys can be broken")


def _generate(scheme: Scheme) -> RSAKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=MIN_MODULUS_BITS)
    return RSAKey(scheme, private.public_key(), private)


def _load(scheme: Scheme, members: Mapping[str, Any]) -> RSAKey:
    numbers = rsa.RSAPublicNumbers(member_uint(members, "e"), member_uint(members, "n"))
    _refuse_weak(numbers)
    if "oth" in members:
        raise InvalidKeyError("RSA keys of more than two primes are not supported")
    try:
        if "d" in members:
            private = _private_numbers(numbers, members).private_key()
            return RSAKey(scheme, private.public_key(), private)
        return RSAKey(scheme, numbers.public_key(), None)
    except ValueError as error:
        raise InvalidKeyError("the RSA key is not consistent") from error


def _private_numbers(public: rsa.RSAPublicNumbers, members: Mapping[str, Any]) -> rsa.RSAPrivateNumbers:
    d, p, q, dp, dq, qi = (member_uint(members, name) for name in _PRIVATE_MEMBERS)
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public)


def _row(name: str, scheme: Scheme) -> Algorithm:
    hash_name = scheme.hash.name
    return Algorithm(name, "RSA", None, hash_name, partial(_generate, scheme), partial(_load, scheme))


def _pss(hash_algorithm: HashAlgorithm) -> Scheme:
    """The salt is as long as the hash and MGF1 uses the same hash, both exactly (THREATS J29)."""
    mask = padding.MGF1(hash_algorithm)
    return Scheme(padding.PSS(mgf=mask, salt_length=hash_algorithm.digest_size), hash_algorithm)


ALGORITHMS = (
    _row("RS256", Scheme(padding.PKCS1v15(), SHA256())),
    _row("RS384", Scheme(padding.PKCS1v15(), SHA384())),
    _row("RS512", Scheme(padding.PKCS1v15(), SHA512())),
    _row("PS256", _pss(SHA256())),
    _row("PS384", _pss(SHA384())),
    _row("PS512", _pss(SHA512())),
)
