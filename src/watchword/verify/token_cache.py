"""Tokens whose signature held once and need not be checked again (decision 0003, THREATS J68).

The key is the exact token, per verifier. What is kept never changes; whatever may change (time, keys, withdrawals,
proofs, requirements) is looked at on every request. Only tokens that were verified get in.
"""

from typing import Any

import msgspec

from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.verify.claims import VerifiedClaims

# Longer tokens are verified each time: with the number of tokens it bounds the memory. A usual token takes 2 kB, the
# worst 75 kB, of nothing but tiny scopes or empty lists.
MAX_CACHED_CHARACTERS = 4096


class Verdict(msgspec.Struct):
    """What was found out about one token. A struct, since one is made for every token that is not remembered.

    Args:
        claims: the verified claims.
        is_bound: whether they may be used only with a proof (``cnf``).
        not_before: UTC epoch seconds; earlier than this the token is not taken, clock differences allowed for.
        expires_at: UTC epoch seconds from which it is not taken any more, leeway included.
        kid: what the header calls the key.
        key: the key that signed it.
        issuer: whose token it is, and how to ask about it.
        marks: what of it may be withdrawn; None where nothing can be.
        keys: the key set in which the key was last found.
        generation: the state of the journal in which the token was last found not to be withdrawn. This and ``keys``
            are the two that move; writing them from several threads at once does no harm.
    """

    claims: VerifiedClaims
    is_bound: bool
    not_before: float
    expires_at: float
    kid: str | None
    key: Key
    issuer: Any
    marks: Any
    keys: KeySet
    generation: int = -1


class TokenCache:
    """At most ``capacity`` verdicts; the least recently used half is dropped at once.

    Two dictionaries take turns, so that neither a hit nor an insertion walks anything, and no lock is needed: threads
    that collide lose an entry, which is then verified again.

    Attributes:
        younger: where nearly every hit is, for whoever wants to spare the call of `get`.
    """

    __slots__ = ("_half", "_older", "younger")

    def __init__(self, capacity: int) -> None:
        self._half = (capacity + 1) // 2
        self.younger: dict[str, Verdict] = {}
        self._older: dict[str, Verdict] = {}

    def get(self, token: str) -> Verdict | None:
        """What is known of ``token``."""
        verdict = self.younger.get(token)
        if verdict is None and self._older:
            verdict = self._older.get(token)
            if verdict is not None:
                self.put(token, verdict)
        return verdict

    def put(self, token: str, verdict: Verdict) -> None:
        """Remember ``token``, unless it is so long that many of its kind would be a burden."""
        if not self._half or len(token) > MAX_CACHED_CHARACTERS:
            return
        if len(self.younger) >= self._half:
            self._older, self.younger = self.younger, {}
        self.younger[token] = verdict

    def drop(self, token: str) -> None:
        """Forget ``token``."""
        self.younger.pop(token, None)
        self._older.pop(token, None)

    def clear(self) -> None:
        """Forget everything."""
        self.younger, self._older = {}, {}

    def __len__(self) -> int:
        return len(self.younger.keys() | self._older.keys())
