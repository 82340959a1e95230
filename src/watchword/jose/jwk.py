"""One key for one algorithm (RFC 7517)."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Self

import msgspec

from watchword.jose import thumbprint
from watchword.jose.algorithms import ALGORITHMS, BY_NAME, Algorithm, KeyMaterial
from watchword.jose.errors import InvalidKeyError, UnsupportedKeyError
from watchword.jose.header import is_key_id

_KEY_TYPES = frozenset(algorithm.kty for algorithm in ALGORITHMS)


class Key:
    """A key that knows the one algorithm it serves; immutable.

    ``alg`` is that algorithm's name, which goes into the headers of what it signs. ``header_algs`` are the names that
    the header of what it verifies may have: ``alg`` alone, unless the JWK of an Edwards curve named no algorithm.
    Then its curve has one algorithm with two names, of which either is taken (RFC 9864, THREATS J12).

    Make one with `generate` or `from_dict`. Its ``repr`` shows no secret, and it cannot be pickled or copied, so that
    a secret does not travel unseen (THREATS J23).
    """

    __slots__ = (
        "_algorithm",
        "_material",
        "_operations",
        "_public_json",
        "alg",
        "has_own_kid",
        "header_algs",
        "kid",
        "verify",
    )

    def __init__(
        self,
        algorithm: Algorithm,
        material: KeyMaterial,
        *,
        kid: str | None,
        operations: Sequence[str] | None = None,
        header_algs: Sequence[str] = (),
    ) -> None:
        self._algorithm = algorithm
        self._material = material
        self._operations = None if operations is None else frozenset(operations)
        self._public_json: bytes | None = None  # proofs carry it again and again
        self.alg = algorithm.name
        self.header_algs = tuple(header_algs) or (algorithm.name,)
        self.has_own_kid = kid is not None
        self.kid = thumbprint.of(material.thumbprint_members()) if kid is None else kid
        # The hot path: bound once, so that verifying costs one call.
        self.verify = material.verify if self._may("verify") else _refuse_verification

    @classmethod
    def generate(cls, alg: str, *, kid: str | None = None) -> Self:
        """A new private key.

        Args:
            alg: the JWS algorithm it will serve, for example ``ES256``.
            kid: its name; by default its RFC 7638 thumbprint.

        Raises:
            UnsupportedKeyError: ``alg`` is not one of `watchword.jose.algorithms.ALGORITHMS`.
        """
        algorithm = _named(alg)
        return cls(algorithm, algorithm.generate(), kid=_checked_kid(kid))

    @classmethod
    def from_dict(cls, members: Mapping[str, Any], *, algorithms: Sequence[str] = ()) -> Self:
        """The key that a JWK describes.

        Args:
            members: the JWK.
            algorithms: what the caller allows. A JWK without ``alg`` is accepted only if its type and curve leave
                exactly one of them (of all asymmetric ones, when none are given), so that the token's header never
                decides (THREATS J07).

        Raises:
            UnsupportedKeyError: a kind of key that cannot verify or sign here.
            InvalidKeyError: a member is missing, malformed, too weak or contradicts another.
        """
        if not isinstance(members, Mapping):
            raise InvalidKeyError("a key is a JSON object")
        _check_use(members.get("use", "sig"))
        operations = _checked_operations(members["key_ops"]) if "key_ops" in members else None
        algorithm, header_algs = _algorithm_of(members, algorithms)
        kid = _checked_kid(members["kid"]) if "kid" in members else None
        return cls(algorithm, algorithm.load(members), kid=kid, operations=operations, header_algs=header_algs)

    @property
    def kty(self) -> str:
        """The JWK key type."""
        return self._algorithm.kty

    @property
    def is_symmetric(self) -> bool:
        """Whether whoever can verify can also sign."""
        return self._algorithm.is_symmetric

    @property
    def is_private(self) -> bool:
        """Whether it holds what signing needs."""
        return self._material.is_private

    def sign(self, data: bytes) -> bytes:
        """The JWS signature over ``data``.

        Raises:
            InvalidKeyError: it is a public key, or its ``key_ops`` do not hold ``sign``.
        """
        if not self._material.is_private or not self._may("sign"):
            raise InvalidKeyError("this key cannot sign")
        return self._material.sign(data)

    def thumbprint(self) -> str:
        """The RFC 7638 SHA-256 thumbprint."""
        return thumbprint.of(self._material.thumbprint_members())

    def to_dict(self, *, private: bool = False) -> dict[str, Any]:
        """The JWK: public members only, unless ``private`` is asked for (THREATS J21).

        Raises:
            InvalidKeyError: the public form of a shared secret was asked for; it has none.
        """
        if self.is_symmetric and not private:
            raise InvalidKeyError("a shared secret has no public form")
        members: dict[str, Any] = {**self._material.public_members(), "alg": self.alg, "kid": self.kid, "use": "sig"}
        return members | self._material.private_members() if private else members

    def public_json(self) -> bytes:
        """The public key as JSON for the header of a DPoP proof: what makes the key, its algorithm, and no name.

        Raises:
            InvalidKeyError: it is a shared secret.
        """
        if self._public_json is None:
            if self.is_symmetric:
                raise InvalidKeyError("a shared secret has no public form")
            self._public_json = msgspec.json.encode({**self._material.public_members(), "alg": self.alg})
        return self._public_json

    def public(self) -> "Key":
        """The same key without its private half.

        Raises:
            InvalidKeyError: it is a shared secret.
        """
        material = self._algorithm.load(self.to_dict())
        return Key(self._algorithm, material, kid=self.kid, header_algs=self.header_algs)

    def _may(self, operation: str) -> bool:
        return self._operations is None or operation in self._operations

    def __repr__(self) -> str:
        kind = "private" if self.is_private else "public"
        return f"<Key {self.alg} {kind} kid={self.kid!r}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key cannot be pickled or copied; say to_dict(private=True) if you mean it")


def _refuse_verification(data: bytes, signature: bytes) -> None:
    del data, signature
    raise InvalidKeyError("the `key_ops` of this key do not allow verification")


def _named(alg: str) -> Algorithm:
    algorithm = BY_NAME.get(alg)
    if algorithm is None:
        raise UnsupportedKeyError("the key's algorithm is not supported")
    return algorithm


def _algorithm_of(members: Mapping[str, Any], allowed: Sequence[str]) -> tuple[Algorithm, tuple[str, ...]]:
    """The algorithm of a JWK, and the names that headers may give it."""
    kty, crv, alg = members.get("kty"), members.get("crv"), members.get("alg")
    if not isinstance(kty, str):
        raise InvalidKeyError("the key member `kty` is missing or not a string")
    if kty not in _KEY_TYPES:
        raise UnsupportedKeyError("the key's type is not supported")
    if "alg" in members:
        if not isinstance(alg, str):
            raise InvalidKeyError("the key member `alg` is not a string")
        algorithm = _named(alg)
        if algorithm.kty != kty:
            raise InvalidKeyError("the key's type does not fit its algorithm")
        return algorithm, (alg,)
    fitting = [
        (row, names) for row in ALGORITHMS if row.kty == kty and row.crv == crv and (names := _names(row, allowed))
    ]
    if len(fitting) != 1:
        raise UnsupportedKeyError("the key names no algorithm and allows none or several")
    row, names = fitting[0]
    return (row if row.name in names else BY_NAME[names[0]]), names


def _names(row: Algorithm, allowed: Sequence[str]) -> tuple[str, ...]:
    """Under which of its names the caller allows ``row``; where it says nothing, every asymmetric one is allowed."""
    names = (row.name,) if row.open_name is None else (row.name, row.open_name)
    return tuple(name for name in names if (name in allowed if allowed else not row.is_symmetric))


def _check_use(use: object) -> None:
    if not isinstance(use, str):
        raise InvalidKeyError("the key member `use` is not a string")
    if use != "sig":
        raise UnsupportedKeyError("the key is not for signatures")


def _checked_operations(operations: object) -> list[str]:
    if not isinstance(operations, list) or not all(isinstance(item, str) for item in operations):
        raise InvalidKeyError("the key member `key_ops` is not a list of strings")
    if len(set(operations)) != len(operations):
        raise InvalidKeyError("the key member `key_ops` repeats itself")
    if not {"sign", "verify"} & set(operations):
        raise UnsupportedKeyError("the key is not for signatures")
    return operations


def _checked_kid(kid: object) -> str | None:
    if kid is None:
        return None
    if not is_key_id(kid):
        raise InvalidKeyError("the key member `kid` is not a short printable string")
    return str(kid)
