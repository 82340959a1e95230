"""Watchword itself, and the bare calls of `cryptography` that it is measured against."""

from collections.abc import Callable
from itertools import repeat
from typing import Any

from benchmarks.verify.material import AUDIENCE, ISSUER, TYP, Material
from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256

from watchword.jose import KeySet, jwt
from watchword.verify import Verifier

Loop = Callable[[int], None]


def verifier(material: Material, **options: Any) -> Verifier:
    """As a service makes it, with the issuer's keys at hand."""
    return Verifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        keys=KeySet([material.key]),
        algorithms=(material.header_alg,),
        **options,
    )


def over(call: Callable[[Any], object], argument: object) -> Loop:
    """``call(argument)``, again and again."""

    def loop(calls: int) -> None:
        for _ in repeat(None, calls):
            call(argument)

    return loop


def raw_verify(material: Material) -> Loop:
    """One call of OpenSSL through `cryptography`, everything decoded beforehand."""
    data, signature, key = material.signing_input, material.raw_signature, material.public
    arguments: tuple[Any, ...] = ()
    if isinstance(key, bytes):
        return _raw_hmac(key, data, signature)
    if material.alg.startswith("ES"):
        arguments = (ec.ECDSA(SHA256()),)
    elif material.alg.startswith("RS"):
        arguments = (padding.PKCS1v15(), SHA256())
    verify = key.verify

    def loop(calls: int) -> None:
        for _ in repeat(None, calls):
            verify(signature, data, *arguments)

    return loop


def _raw_hmac(secret: bytes, data: bytes, signature: bytes) -> Loop:
    sha256 = SHA256()

    def loop(calls: int) -> None:
        for _ in repeat(None, calls):
            mac = hmac.HMAC(secret, sha256)
            mac.update(data)
            mac.verify(signature)

    return loop


def raw_sign(material: Material) -> Loop:
    """One call of OpenSSL through `cryptography`, with the octets to sign at hand."""
    data, key = material.signing_input, material.private
    arguments: tuple[Any, ...] = ()
    if isinstance(key, bytes):
        return _raw_mac(key, data)
    if material.alg.startswith("ES"):
        arguments = (ec.ECDSA(SHA256()),)
    elif material.alg.startswith("RS"):
        arguments = (padding.PKCS1v15(), SHA256())
    sign = key.sign

    def loop(calls: int) -> None:
        for _ in repeat(None, calls):
            sign(data, *arguments)

    return loop


def _raw_mac(secret: bytes, data: bytes) -> Loop:
    sha256 = SHA256()

    def loop(calls: int) -> None:
        for _ in repeat(None, calls):
            mac = hmac.HMAC(secret, sha256)
            mac.update(data)
            mac.finalize()

    return loop


def sign(material: Material, claims: dict[str, Any]) -> Loop:
    """`jwt.encode`, as a service calls it."""
    key = material.key

    def loop(calls: int) -> None:
        for _ in repeat(None, calls):
            jwt.encode(claims, key, typ=TYP)

    return loop
