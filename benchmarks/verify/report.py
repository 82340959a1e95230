"""What was found, as a table for people or as JSON."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.verify import machine
from benchmarks.verify.figures import Aim, Findings, Table
from benchmarks.verify.scale import Scale

CONDITIONS = (
    "one core for everything unless a table says otherwise; short rounds in turn, medians; CPU time of the process",
    "garbage collectors on, in Python and on Node; Python's is also run between rounds; key objects made beforehand",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A whole run."""

    machine: dict[str, Any]
    scale: Scale
    seconds: float
    findings: Findings


def collect(sections: Sequence[Callable[[Scale], Findings]], scale: Scale) -> Told:
    """Run ``sections`` one after the other on the last of the cores there are."""
    shape, began, findings = machine.shape(), time.monotonic(), Findings()
    with machine.on_one_core():
        for section in sections:
            findings.add(section(scale))
    return Told(shape, scale, round(time.monotonic() - began, 1), findings)


def as_json(told: Told) -> str:
    """Everything."""
    aims = [asdict(aim) | {"verdict": aim.verdict} for aim in told.findings.aims]
    return json.dumps(asdict(told) | {"conditions": CONDITIONS, "aims": aims}, indent=2, ensure_ascii=False)


def as_text(told: Told) -> str:
    """The tables, then the aims with their verdicts, then what could not be measured."""
    shape = told.machine
    versions = ", ".join(f"{name} {version}" for name, version in shape["versions"].items())
    lines = [
        f"{shape['python']}, {shape['openssl']}, {shape['system']}",
        f"{shape['cores']} cores, load {shape['load']} before",
        shape["processor"],
        versions,
        *CONDITIONS,
    ]
    for table in told.findings.tables:
        lines += ["", *table_lines(table)]
    lines += ["", *aim_lines(told.findings.aims)]
    if told.findings.skipped:
        lines += ["", "not measured", *(f"  {reason}" for reason in told.findings.skipped)]
    return "\n".join(lines)


def table_lines(table: Table) -> list[str]:
    """``table`` as text."""
    first = max([len(table.title), *(len(row.name) + 2 for row in table.rows)])
    widths = [max(len(column), 9) for column in table.columns]
    heading = "  ".join(f"{column:>{width}}" for column, width in zip(table.columns, widths, strict=True))
    lines = [f"{table.title:<{first}}  {heading}"]
    for row in table.rows:
        cells = (f"{_number(value):>{width}}" for value, width in zip(row.values, widths, strict=True))
        lines.append(f"  {row.name:<{first - 2}}  {'  '.join(cells)}".rstrip())
    return lines + [f"  ({note})" for note in table.notes]


def aim_lines(aims: Sequence[Aim]) -> list[str]:
    """``aims`` with their verdicts, as text."""
    if not aims:
        return []
    first = max(len(aim.name) for aim in aims)
    lines = [f"{'what must be reached':<{first + 2}}  {'measured':>14}  {'bound':>10}  verdict"]
    for aim in aims:
        measured = f"{_number(aim.value)} {aim.unit}".strip()
        lines.append(f"  {aim.name:<{first}}  {measured:>14}  {aim.bound:>10}  {aim.verdict}")
    return lines


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
