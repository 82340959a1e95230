"""What of a token may have been withdrawn: docs/protocol/revocation.md, "Whether a token is refused"."""

from collections.abc import Mapping
from typing import Any

from watchword.jose.errors import ClaimError
from watchword.oauth.revocation import KINDS, digest_bytes

MAX_ANCESTORS = 4
MAX_ACTORS = 4
_NO_EPOCHS = (0, 0, 0)
ALWAYS = -1  # lower than any epoch: an entry without one refuses whatever it names

Marks = tuple[tuple[str, int], ...]
Digests = tuple[tuple[bytes, int], ...]


class TokenMarks:
    """The values by which one token can be withdrawn, and its epochs. Made once per token; digests are computed for
    the kinds that are asked for, and kept.
    """

    __slots__ = ("_digests", "_issuer", "_marks")

    def __init__(self, issuer: str, marks: tuple[Marks, ...]) -> None:  # in the order of ``KINDS``
        self._issuer = issuer
        self._marks = marks
        self._digests: list[Digests | None] = [None] * len(KINDS)

    @classmethod
    def of(cls, claims: Mapping[str, Any], *, kid: str | None, issuer: str) -> "TokenMarks":
        """The marks of a token whose signature, issuer and times have been checked.

        Args:
            claims: its claims.
            kid: which key signed it.
            issuer: exactly as in ``iss``.

        Raises:
            ClaimError: one of the claims that the journal looks at is not what it must be; the token is refused,
                whatever has been withdrawn.
        """
        subject_epoch, client_epoch, all_epoch = _epochs(claims)
        grant, client = _one(claims, "gid"), _one(claims, "client_id", client_epoch)
        if "ancestor_gids" in claims:
            grant += _ancestors(claims["ancestor_gids"])
        if "ww_actors" in claims:
            client += _actors(claims["ww_actors"])
        marks = (
            _one(claims, "jti"),
            grant,
            _one(claims, "sid"),
            () if kid is None else ((kid, ALWAYS),),
            _one(claims, "sub", subject_epoch),
            client,
            (("", all_epoch),),
        )
        return cls(issuer, marks)

    def digests(self, kind: int) -> Digests:
        """The digests of one kind, given by its place in ``KINDS``, each with the epoch that it must not exceed."""
        found = self._digests[kind]
        if found is None:
            name, issuer = KINDS[kind], self._issuer
            found = tuple((digest_bytes(name, issuer, value), epoch) for value, epoch in self._marks[kind])
            self._digests[kind] = found
        return found

    def __repr__(self) -> str:
        return "<TokenMarks>"


def _one(claims: Mapping[str, Any], name: str, epoch: int = ALWAYS) -> Marks:
    return ((_text(claims[name], name), epoch),) if name in claims else ()


def _text(value: object, claim: str) -> str:
    # A NUL would let one value stand for another: it parts the kind, the issuer and the value in what is hashed.
    if type(value) is not str or "\x00" in value:
        raise ClaimError(f"the claim `{claim}` is not what it must be", claim=claim)
    return value


def _epoch(value: object, claim: str) -> int:
    if type(value) is not int or value < 0:
        raise ClaimError(f"the claim `{claim}` holds an epoch that is none", claim=claim)
    return value


def _epochs(claims: Mapping[str, Any]) -> tuple[int, int, int]:
    if "ww_epoch" not in claims:
        return _NO_EPOCHS
    value = claims["ww_epoch"]
    if type(value) is not list or len(value) != 3:
        raise ClaimError("the claim `ww_epoch` is not a list of three epochs", claim="ww_epoch")
    subject, client, everyone = value
    return _epoch(subject, "ww_epoch"), _epoch(client, "ww_epoch"), _epoch(everyone, "ww_epoch")


def _ancestors(value: object) -> Marks:
    return tuple((_text(gid, "ancestor_gids"), ALWAYS) for gid in _list(value, "ancestor_gids", MAX_ANCESTORS))


def _actors(value: object) -> Marks:
    pairs = _list(value, "ww_actors", MAX_ACTORS)
    if not all(type(pair) is list and len(pair) == 2 for pair in pairs):
        raise ClaimError("the claim `ww_actors` is not a list of pairs", claim="ww_actors")
    return tuple((_text(client, "ww_actors"), _epoch(epoch, "ww_actors")) for client, epoch in pairs)


def _list(value: object, claim: str, longest: int) -> list[Any]:
    if type(value) is not list or len(value) > longest:
        raise ClaimError(f"the claim `{claim}` is not a list of at most {longest}", claim=claim)
    return value
