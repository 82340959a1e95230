"""How long a run may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Args:
        rounds: rounds per table.
        round_seconds: how long each contender runs in one.
        full: memory over ten million verifications.
    """

    rounds: int
    round_seconds: float
    full: bool = False
