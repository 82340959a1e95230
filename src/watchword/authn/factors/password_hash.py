"""Argon2id in the encoded form ``$argon2id$v=19$m=…,t=…,p=…$salt$hash``: https://www.rfc-editor.org/rfc/rfc9106

The bytes of a password are taken exactly as they came: nothing is normalised, folded or cut off (O54).
"""

import re
import secrets
from dataclasses import dataclass

from argon2 import Type
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import hash_secret, verify_secret

from watchword.authn.errors import UnusableHashError

_SALT_BYTES = 16
_HASH_BYTES = 32
_ENCODED = re.compile(
    r"\$argon2id\$v=19\$m=(?P<m>[1-9][0-9]{0,7}),t=(?P<t>[1-9][0-9]{0,3}),p=(?P<p>[1-9][0-9]{0,2})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}\Z"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """How dear one guess is: ``memory`` in KiB, ``passes`` over it, ``lanes`` in parallel."""

    memory: int
    passes: int
    lanes: int

    def within(self, limit: "Cost") -> bool:
        """Whether no parameter is above that of ``limit``."""
        return self.memory <= limit.memory and self.passes <= limit.passes and self.lanes <= limit.lanes


# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html: 19 MiB, two passes, one lane
DEFAULT_COST = Cost(memory=19 * 1024, passes=2, lanes=1)
# A hash that came with an import may be dearer than ours, but not so dear that one sign-in stops the others.
HIGHEST_COST = Cost(memory=128 * 1024, passes=8, lanes=4)


def compute(password: bytes, cost: Cost) -> str:
    """Hash ``password`` under a new salt. Takes about 20 ms of one core at the default cost."""
    encoded = hash_secret(
        password,
        secrets.token_bytes(_SALT_BYTES),
        time_cost=cost.passes,
        memory_cost=cost.memory,
        parallelism=cost.lanes,
        hash_len=_HASH_BYTES,
        type=Type.ID,
    )
    return encoded.decode("ascii")


def cost_of(encoded: str) -> Cost:
    """What computing ``encoded`` would take.

    Raises:
        UnusableHashError: it is no argon2id hash, or one dearer than `HIGHEST_COST`.
    """
    match = _ENCODED.match(encoded)
    if match is None:
        raise UnusableHashError("the stored password hash is not an argon2id hash")
    cost = Cost(memory=int(match["m"]), passes=int(match["t"]), lanes=int(match["p"]))
    if not cost.within(HIGHEST_COST):
        raise UnusableHashError("the stored password hash asks for more memory or time than is allowed")
    return cost


def matches(encoded: str, password: bytes) -> bool:
    """Whether ``encoded`` was computed from ``password``.

    Raises:
        UnusableHashError: see `cost_of`.
    """
    cost_of(encoded)
    try:
        return verify_secret(encoded.encode("ascii"), password, Type.ID)
    except VerifyMismatchError:
        return False
