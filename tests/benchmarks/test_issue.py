"""The benchmark of what a token costs the issuer runs. Nothing here is timed: no figure decides a test."""

import json

import pytest
from benchmarks.__main__ import main


@pytest.mark.slow
def test_every_load_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["issue", "--quick", "--database", "sqlite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (table,) = told["findings"]["tables"]
    assert [row["name"] for row in table["rows"]] == [
        "client credentials",
        "refresh",
        "refresh with an ID token (RS256)",
    ]
