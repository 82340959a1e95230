"""A set of keys, looked up by name (RFC 7517 section 5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from watchword.jose.errors import InvalidKeyError, UnknownKeyError, UnsupportedKeyError
from watchword.jose.jwk import Key

MAX_KEYS = 100


class KeySet:
    """Keys with names of their own, all shared or all asymmetric; immutable.

    Raises:
        InvalidKeyError: two keys have one name, shared secrets stand beside public keys, or there are too many
            (THREATS J17, J88), or one key is to serve two algorithms (RFC 8725bis section 3.1, THREATS J11).
    """

    __slots__ = ("_by_kid", "keys")

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self._by_kid: dict[str | None, Key] = {key.kid: key for key in self.keys}
        if len(self.keys) > MAX_KEYS:
            raise InvalidKeyError(f"a key set holds at most {MAX_KEYS} keys")
        if len(self._by_kid) != len(self.keys):
            raise InvalidKeyError("two keys of the set have the same `kid`")
        if len({key.is_symmetric for key in self.keys}) > 1:
            raise InvalidKeyError("shared secrets and public keys do not belong in one set")
        if _serves_twice(self.keys):
            raise InvalidKeyError("one key of the set serves two algorithms")

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], *, algorithms: Sequence[str] = ()) -> Self:
        """The keys of a JWK set that can verify or sign here; keys of unsupported kinds are skipped, as RFC 7517
        section 5 says.

        Args:
            document: ``{"keys": [...]}``.
            algorithms: see `Key.from_dict`.

        Raises:
            InvalidKeyError: not a key set, or one of its keys must not be used.
        """
        listed = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(listed, list):
            raise InvalidKeyError("a key set is an object with a list `keys`")
        if len(listed) > MAX_KEYS:
            raise InvalidKeyError(f"a key set holds at most {MAX_KEYS} keys")
        keys = []
        for members in listed:
            try:
                keys.append(Key.from_dict(members, algorithms=algorithms))
            except UnsupportedKeyError:
                continue
        return cls(keys)

    def to_dict(self, *, private: bool = False) -> dict[str, Any]:
        """The JWK set; public members only, unless ``private`` is asked for."""
        return {"keys": [key.to_dict(private=private) for key in self.keys]}

    def find(self, kid: str | None) -> Key:
        """The key named ``kid``; a token that names none is accepted only where there is just one (THREATS J47).

        Raises:
            UnknownKeyError: there is no such key, or several could be meant.
        """
        key = self._by_kid.get(kid)
        if key is not None:
            return key
        if kid is not None:
            raise UnknownKeyError("the token names a key that is not known")
        if len(self.keys) != 1:
            raise UnknownKeyError("the token names no key")
        return self.keys[0]

    def __contains__(self, kid: object) -> bool:
        return kid in self._by_kid

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        return f"<KeySet {list(self._by_kid)!r}>"


def _serves_twice(keys: Iterable[Key]) -> bool:
    served: dict[str, str] = {}
    for key in keys:
        # An Edwards curve has one algorithm under two names, and issuers that change over list a key under both.
        algorithm = key.kty if key.kty == "OKP" else key.alg
        if served.setdefault(key.thumbprint(), algorithm) != algorithm:
            return True
    return False
