"""What a key management service does for us, whosesoever it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DataKey:
    """A new key, in plain and wrapped."""

    plaintext: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


class KeyProvider(Protocol):
    """A service that wraps keys. Both calls wait for the network: never inside a transaction or on the event loop."""

    name: str
    key_reference: str

    def generate(self, context: Mapping[str, str]) -> DataKey:
        """A new 32-byte key, wrapped for ``context`` and for nothing else.

        Raises:
            MasterKeyError: the service refuses, or does not answer in time.
        """
        ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The key that was wrapped for ``context``.

        Raises:
            MasterKeyError: the service refuses (another context, another key), or does not answer in time.
        """
        ...


class KeyProviderKind(Protocol):
    """The module of one service."""

    def open_provider(self, *, key_reference: str, region: str | None) -> KeyProvider:
        """A provider; nothing is asked of the service yet."""
        ...
