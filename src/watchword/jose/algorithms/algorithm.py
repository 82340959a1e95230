"""What one signing algorithm is: one row says everything about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from watchword.jose import base64url
from watchword.jose.errors import InvalidKeyError, MalformedTokenError


class KeyMaterial(Protocol):
    """A key of one type, bound to one algorithm when it was made.

    Each type is a class of its own: an asymmetric key has no way of making a MAC (THREATS J05).
    """

    @property
    def is_private(self) -> bool:
        """Whether it can sign."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data`` in the form JWS wants. Only when ``is_private``."""
        ...

    def verify(self, data: bytes, signature: bytes) -> None:
        """Return if ``signature`` was made by this key over ``data``.

        Raises:
            SignatureInvalidError: it was not.
        """
        ...

    def thumbprint_members(self) -> dict[str, str]:
        """The members a thumbprint is made of (RFC 7638 section 3.2)."""
        ...

    def public_members(self) -> dict[str, str]:
        """The JWK members that may be published."""
        ...

    def private_members(self) -> dict[str, str]:
        """The JWK members that may not, empty for a public key."""
        ...


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the registry.

    Args:
        name: the JWS ``alg``.
        kty: the JWK type of its keys.
        crv: their curve, where the type has curves.
        hash_name: the hash of ``at_hash`` and its like (OpenID Connect Core section 3.1.3.6), where one is defined.
        generate: makes a new key.
        load: makes a key from JWK members whose ``kty`` fits; raises `InvalidKeyError`.
        open_name: an older name of the same, which leaves the curve to the key (RFC 9864 section 2.2).
    """

    name: str
    kty: str
    crv: str | None
    hash_name: str | None
    generate: Callable[[], KeyMaterial]
    load: Callable[[Mapping[str, Any]], KeyMaterial]
    open_name: str | None = None

    @property
    def is_symmetric(self) -> bool:
        """Whether signer and verifier share the key."""
        return self.kty == "oct"


def member_bytes(members: Mapping[str, Any], name: str) -> bytes:
    """The octets of the JWK member ``name``.

    Raises:
        InvalidKeyError: absent, not a string, or not canonical base64url.
    """
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidKeyError(f"the key member `{name}` is missing or not a string")
    try:
        return base64url.decode_text(value)
    except MalformedTokenError as error:
        raise InvalidKeyError(f"the key member `{name}` is not base64url") from error


def member_uint(members: Mapping[str, Any], name: str) -> int:
    """The positive integer of the JWK member ``name``, in as few octets as needed (RFC 7518 section 2).

    Raises:
        InvalidKeyError: absent, malformed, or with leading zeros.
    """
    octets = member_bytes(members, name)
    if octets[0] == 0:
        raise InvalidKeyError(f"the key member `{name}` has leading zeros")
    return int.from_bytes(octets, "big")


def member_fixed(members: Mapping[str, Any], name: str, length: int) -> bytes:
    """The octets of the JWK member ``name``, which must be exactly ``length`` (THREATS J20).

    Raises:
        InvalidKeyError: absent, malformed, or of another length.
    """
    octets = member_bytes(members, name)
    if len(octets) != length:
        raise InvalidKeyError(f"the key member `{name}` does not have {length} octets")
    return octets
