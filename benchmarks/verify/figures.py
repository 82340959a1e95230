"""What a section hands over: rows of a table, aims with their verdicts, and remarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["met", "missed", "shown"]


@dataclass(frozen=True, slots=True)
class Row:
    """One contender: a name and one number per column of its table; None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures side by side.

    Args:
        title: what was measured.
        columns: what the numbers are, with their unit.
        rows: the contenders.
        notes: what a reader must know to read them rightly.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aim:
    """One line of what must be reached. ``least`` or ``most`` is the bound; a figure without either is only shown."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the bound holds."""
        if self.most is None and self.least is None:
            return "shown"
        holds = (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)
        return "met" if holds else "missed"

    @property
    def bound(self) -> str:
        """The bound as text."""
        if self.most is not None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else ""


@dataclass(slots=True)
class Findings:
    """Everything that one section found."""

    tables: list[Table] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Take over what ``other`` found."""
        self.tables += other.tables
        self.aims += other.aims
        self.skipped += other.skipped

    def skip(self, reasons: Sequence[str]) -> None:
        """Say what could not be measured, each reason once."""
        self.skipped += [reason for reason in reasons if reason not in self.skipped]
