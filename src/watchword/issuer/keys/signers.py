"""The keys an answer may be signed with, at hand before anything is spent for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from watchword.jose import Key
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.errors import MasterKeyError
from watchword.store.repositories.apis import Api


class SignersWithdrawnError(TemporarilyUnavailableError):
    """A key at hand must not sign any more; with the ring read again, the same request can be answered."""

    code: ClassVar[str] = TemporarilyUnavailableError.code


class SigningKeyUnreadableError(MasterKeyError):
    """A private key that is there cannot be used. No other is made in its place: operators decide (R37)."""

    code: ClassVar[str] = "signing_key_unreadable"


@dataclass(frozen=True, slots=True)
class Signers:
    """Every active token key, opened.

    Args:
        keys: by algorithm.
        default: the algorithm of access tokens whose API chose none.
    """

    keys: Mapping[str, Key]
    default: str

    @property
    def kids(self) -> tuple[str, ...]:
        """Which keys these are; `issuer.gate` makes sure of all of them."""
        return tuple(key.kid for key in self.keys.values())

    def of(self, algorithm: str) -> Key:
        """The key for ``algorithm``.

        Raises:
            TemporarilyUnavailableError: there is none.
        """
        key = self.keys.get(algorithm)
        if key is None:
            raise TemporarilyUnavailableError(detail=f"no active token key for {algorithm}", retry_after=2)
        return key

    def access(self, api: Api | None) -> Key:
        """The key for an access token that is for ``api``, or for the issuer itself.

        Raises:
            TemporarilyUnavailableError: there is none.
        """
        return self.of((None if api is None else api.signing_alg) or self.default)
