"""Vectors that are not there are a skip that says why, and a failure where they must run."""

from pathlib import Path

import pytest
from tests.vectors import folder


def make(root: Path) -> Path:
    for part in ("wycheproof", "rfc7520"):
        (root / part).mkdir(parents=True)
    return root


def test_they_are_found_by_name_before_they_are_looked_for_beside_the_checkout(tmp_path: Path) -> None:
    named, beside = make(tmp_path / "named"), make(tmp_path / "beside")
    assert folder.find({"VECTORS": str(named)}, beside) == named
    assert folder.find({}, beside) == beside


def test_where_there_are_none_the_reason_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="set VECTORS to the folder"):
        folder.find({}, tmp_path)


@pytest.mark.parametrize("environment", [{"VECTORS_REQUIRED": "1"}, {"VECTORS": "/nowhere"}])
def test_where_they_must_run_their_absence_fails(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="set VECTORS to the folder"):
        folder.find(environment, tmp_path)


def test_ci_insists_on_them() -> None:
    ran = (Path(__file__).parents[2] / ".ci" / "run").read_text()
    assert "export VECTORS_REQUIRED=1" in ran.splitlines()
