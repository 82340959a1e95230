"""ML-DSA, the lattice signatures of FIPS 204, as algorithm key pairs (RFC 9964).

Pure ML-DSA with an empty context. The private key is its seed of 32 octets; the expanded form does not exist in JOSE.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
    MLDSA87PrivateKey,
    MLDSA87PublicKey,
)

from watchword.jose import base64url
from watchword.jose.algorithms.algorithm import Algorithm, member_fixed
from watchword.jose.errors import InvalidKeyError, SignatureInvalidError, UnsupportedKeyError

PublicKey = MLDSA44PublicKey | MLDSA65PublicKey | MLDSA87PublicKey
PrivateKey = MLDSA44PrivateKey | MLDSA65PrivateKey | MLDSA87PrivateKey

_SEED_OCTETS = 32


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The row's parameters: lengths in octets (FIPS 204 table 2) and the library's constructors."""

    name: str
    public_octets: int
    signature_octets: int
    generate: Callable[[], PrivateKey]
    load_public: Callable[[bytes], PublicKey]
    load_private: Callable[[bytes], PrivateKey]


class AKPKey:
    """A key for one parameter set."""

    __slots__ = ("_parameters", "_private", "_public", "_signature_octets", "_verify")

    def __init__(self, parameters: ParameterSet, public: PublicKey, private: PrivateKey | None) -> None:
        self._parameters = parameters
        self._public = public
        self._private = private
        self._verify = public.verify
        self._signature_octets = parameters.signature_octets

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
        # The algorithm is part of the key, and so of its thumbprint.
        pub = base64url.encode_text(self._public.public_bytes_raw())
        return {"kty": "AKP", "alg": self._parameters.name, "pub": pub}

    def private_members(self) -> dict[str, str]:
        if self._private is None:
            return {}
        return {"priv": base64url.encode_text(self._private.private_bytes_raw())}


def _generate(parameters: ParameterSet) -> AKPKey:
    try:
        private = parameters.generate()
    except UnsupportedAlgorithm as error:
        raise _unsupported() from error
    return AKPKey(parameters, private.public_key(), private)


def _load(parameters: ParameterSet, members: Mapping[str, Any]) -> AKPKey:
    if members.get("alg") != parameters.name:
        raise UnsupportedKeyError("a key of type AKP names its algorithm")
    pub = member_fixed(members, "pub", parameters.public_octets)
    try:
        public = parameters.load_public(pub)
        if "priv" not in members:
            return AKPKey(parameters, public, None)
        private = parameters.load_private(member_fixed(members, "priv", _SEED_OCTETS))
    except UnsupportedAlgorithm as error:
        raise _unsupported() from error
    except ValueError as error:
        raise InvalidKeyError("the key is not one of its algorithm") from error
    if private.public_key().public_bytes_raw() != pub:
        raise InvalidKeyError("the private key does not belong to the public key")
    return AKPKey(parameters, public, private)


def _unsupported() -> UnsupportedKeyError:
    """`cryptography` may be built on an OpenSSL older than 3.5, which has no ML-DSA; its own wheels never are."""
    return UnsupportedKeyError("this build of cryptography has no ML-DSA")


def _row(parameters: ParameterSet) -> Algorithm:
    # No specification says which hash ``at_hash`` would use with ML-DSA, so there is none.
    return Algorithm(parameters.name, "AKP", None, None, partial(_generate, parameters), partial(_load, parameters))


ALGORITHMS = (
    _row(
        ParameterSet(
            "ML-DSA-44",
            1312,
            2420,
            MLDSA44PrivateKey.generate,
            MLDSA44PublicKey.from_public_bytes,
            MLDSA44PrivateKey.from_seed_bytes,
        )
    ),
    _row(
        ParameterSet(
            "ML-DSA-65",
            1952,
            3309,
            MLDSA65PrivateKey.generate,
            MLDSA65PublicKey.from_public_bytes,
            MLDSA65PrivateKey.from_seed_bytes,
        )
    ),
    _row(
        ParameterSet(
            "ML-DSA-87",
            2592,
            4627,
            MLDSA87PrivateKey.generate,
            MLDSA87PublicKey.from_public_bytes,
            MLDSA87PrivateKey.from_seed_bytes,
        )
    ),
)
