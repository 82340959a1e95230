"""How far a database had come when it was last seen, and what is to be thought of one that is behind that."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Position:
    """How far the database has come.

    Args:
        installation_id: which installation it is.
        generation: the newest restore that was acknowledged; 0 when there was none.
        journal_id: which journal.
        seq: where that ends.
    """

    installation_id: str
    generation: int
    journal_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one witness saw.

    Args:
        witness_id: who; a row in the table ``witnesses`` has its name.
        mark: what stood in that row.
        position: how far the database had come.
    """

    witness_id: str
    mark: int
    position: Position


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a look at the database says: it is ``ours``, it was put back and that is ``acknowledged``, or ``restored``.

    ``reason`` says why it is taken for restored.
    """

    verdict: Literal["ours", "acknowledged", "restored"]
    reason: str = ""


def judge(remembered: Remembered, found: Position, mark: int | None) -> Judgement:
    """Compare a database with what was seen of it before.

    Args:
        remembered: what the witness saw.
        found: how far the database has come now.
        mark: what stands in the witness's row; None when it has none.
    """
    seen = remembered.position
    if found.installation_id != seen.installation_id:
        return Judgement("restored", "the witness file belongs to another installation")
    if found.generation > seen.generation:
        return Judgement("acknowledged")
    if found.generation < seen.generation:
        return Judgement("restored", "it is from before a restore that was acknowledged")
    if found.journal_id != seen.journal_id:
        return Judgement("restored", "its journal is another one")
    if found.seq < seen.seq:
        return Judgement("restored", f"its journal ends at {found.seq}, and had come to {seen.seq}")
    if mark is None:
        return Judgement("restored", "it does not know this witness yet")
    if mark < remembered.mark:
        return Judgement("restored", "it is from before this witness last looked")
    return Judgement("ours")


def later(one: Remembered | None, other: Remembered | None) -> Remembered | None:
    """The one that has seen more; processes of one machine share a file and take turns."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda each: (each.position.generation, each.mark, each.position.seq))
