"""What a person can prove who they are with; one file each, and one line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Factor:
    """One way of proving who one is; ``amr`` is its name in RFC 8176."""

    name: str
    amr: str


PASSWORD = Factor("password", "pwd")

FACTORS: tuple[Factor, ...] = (PASSWORD,)
