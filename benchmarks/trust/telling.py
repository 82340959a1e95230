"""What was found, as a table for people or as JSON; and percentiles."""

import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.verify import machine
from benchmarks.verify.figures import Findings
from benchmarks.verify.report import aim_lines, table_lines


@dataclass(frozen=True, slots=True)
class Told:
    """A whole run.

    Args:
        name: of the benchmark.
        machine: its shape and load.
        conditions: what a reader must know, a sentence each.
        seconds: how long it took.
        findings: tables and aims.
    """

    name: str
    machine: dict[str, Any]
    conditions: tuple[str, ...]
    seconds: float
    findings: Findings


class Run:
    """A run that has begun."""

    def __init__(self, name: str, *conditions: str) -> None:
        self.findings = Findings()
        self._name, self._conditions = name, conditions
        self._shape, self._began = machine.shape(), time.monotonic()

    def print(self, *, as_json: bool) -> None:
        """Tell everything on standard output."""
        self._shape["load_after"] = round(os.getloadavg()[0], 2)
        seconds = round(time.monotonic() - self._began, 1)
        told = Told(self._name, self._shape, self._conditions, seconds, self.findings)
        print(_json(told) if as_json else _text(told))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` of them (0 to 1) do not exceed; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def _json(told: Told) -> str:
    aims = [asdict(aim) | {"verdict": aim.verdict} for aim in told.findings.aims]
    return json.dumps(asdict(told) | {"aims": aims}, indent=2, ensure_ascii=False)


def _text(told: Told) -> str:
    shape = told.machine
    lines = [
        f"{told.name}: {told.seconds:.0f} s; {shape['python']}, {shape['openssl']}, {shape['system']}",
        f"{shape['cores']} cores, load {shape['load']} before, {shape['load_after']} after; {shape['processor']}",
        *told.conditions,
    ]
    for table in told.findings.tables:
        lines += ["", *table_lines(table)]
    lines += ["", *aim_lines(told.findings.aims)]
    if told.findings.skipped:
        lines += ["", "not measured", *(f"  {reason}" for reason in told.findings.skipped)]
    return "\n".join(lines)
