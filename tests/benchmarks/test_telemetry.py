"""The benchmark of telling asks each kind of issuer. Nothing here is timed: no figure decides a test."""

import json

import pytest
from benchmarks.__main__ import main


@pytest.mark.slow
def test_every_kind_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["telemetry", "--runs", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert all(told[f"{name}_us"] > 0 for name in ("silent", "metrics", "metrics_and_traces"))
