"""How a signing key is made: named so that it can be typed, and sealed before anybody stores it."""

import json
from dataclasses import dataclass, field
from typing import Any

from watchword.jose import Key
from watchword.store.sealing import MasterKey

SEALED_FOR = "signing-key"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A generated key on its way into the ring, its private half sealed.

    Args:
        kid: its name.
        public_jwk: what everybody may know of it.
        sealed_private_jwk: the rest.
        sealed_by: with what; it must be the installation's own when the key enters the ring.
    """

    kid: str
    public_jwk: dict[str, Any]
    sealed_private_jwk: bytes
    sealed_by: MasterKey = field(repr=False)


def generate(algorithm: str, master_key: MasterKey) -> NewKey:
    """A new key; for RSA this takes a good part of a second.

    Args:
        algorithm: the JWS algorithm it will serve.
        master_key: what seals its private half.

    Returns:
        The key, its kid its RFC 7638 thumbprint.

    Raises:
        UnsupportedKeyError: no key is made for this algorithm.
        MasterKeyError: the master key cannot be reached.
    """
    key = Key.generate(algorithm)
    while key.kid.startswith("-"):
        # One thumbprint of 64 would be taken for an option by every command line it is pasted into, on the day of all
        # days when somebody has to withdraw that key.
        key = Key.generate(algorithm)
    private = json.dumps(key.to_dict(private=True)).encode()
    return NewKey(key.kid, dict(key.to_dict()), master_key.seal(private, purpose=SEALED_FOR), master_key)
