"""Epochs: integers that only grow. A token that carries a lower one than is in force is refused.

Nothing compares ``iat`` with anything: clocks skew, workers stall and seconds tie.
"""

from typing import Literal, NamedTuple

from sqlalchemy import BigInteger, Connection, bindparam, select, text

from watchword.store.tables import epochs

EpochKind = Literal["subject", "client", "all"]


class Epochs(NamedTuple):
    """The three epochs a token carries, in the order of the claim ``ww_epoch``."""

    subject: int
    client: int
    all: int

    def are_behind(self, in_force: "Epochs") -> bool:
        """Whether any of them was raised since."""
        return any(mine < theirs for mine, theirs in zip(self, in_force, strict=True))


# One statement in the dialect both databases share; the first epoch is the unix second itself.
_RAISE = text(
    "INSERT INTO epochs (kind, value, epoch) VALUES (:kind, :value, :second) "
    "ON CONFLICT (kind, value) DO UPDATE SET epoch = "
    "CASE WHEN epochs.epoch + 1 > :second THEN epochs.epoch + 1 ELSE :second END "
    "RETURNING epoch"
).bindparams(bindparam("second", type_=BigInteger))


def current(connection: Connection, kind: EpochKind, value: str) -> int:
    """The epoch in force; 0 when none was ever raised. ``value`` is an id, or "" for ``all``."""
    epoch = connection.execute(select(epochs.c.epoch).where(epochs.c.kind == kind, epochs.c.value == value)).scalar()
    return 0 if epoch is None else int(epoch)


def advance(connection: Connection, kind: EpochKind, value: str, *, now: float) -> int:
    """Raise the epoch to max(old + 1, unix seconds) and return it."""
    return int(connection.execute(_RAISE, {"kind": kind, "value": value, "second": int(now)}).scalar_one())
