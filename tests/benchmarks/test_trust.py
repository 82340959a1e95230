"""The benchmarks of withdrawal, rotation and scale measure what they say. No figure decides a test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.trust.telling import percentile
from benchmarks.trust.withdrawals import WITHDRAWALS

ROOT = Path(__file__).parents[2]


def quick(*arguments: str) -> dict[str, Any]:
    """What a small run tells; in a process of its own, as it is run by hand."""
    command = [sys.executable, "-m", "benchmarks", *arguments, "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def rows(told: dict[str, Any]) -> dict[str, list[float]]:
    return {row["name"]: row["values"] for table in told["findings"]["tables"] for row in table["rows"]}


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.75, 3.0), (0.99, 4.0), (1.0, 4.0), (0.0, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([4.0, 2.0, 1.0, 3.0], share) == expected


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_every_way_of_withdrawing_is_timed_at_every_verifier(database: str) -> None:
    told = quick("revoke", "--database", database)
    found = rows(told)
    assert set(WITHDRAWALS) <= set(found)
    assert all(found[kind][-1] == 4 for kind in WITHDRAWALS), "a sample for each verifier"
    assert "peer: asking the issuer at each request" in found
    named = {aim["name"] for aim in told["aims"]}
    assert {f"memory per subscriber at the issuer, {database}", "cached verify with the journal"} <= named


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_tokens_are_counted_and_none_that_was_acknowledged_is_lost(database: str) -> None:
    told = quick("scale", "--database", database)
    found = rows(told)
    assert any("refresh" in name for name in found)
    aims = {aim["name"]: aim["value"] for aim in told["aims"]}
    assert aims[f"lost acknowledged writes, {database}"] == 0
    assert aims[f"refresh tokens with two successors, {database}"] == 0
