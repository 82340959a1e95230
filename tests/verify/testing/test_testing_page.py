"""docs/testing.md runs: its blocks are a project, and its tests pass."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.verify.testing.test_examples import PLUGIN

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/testing.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("configured", [False, True])
def test_every_block_of_python_passes(tmp_path: Path, *, configured: bool) -> None:
    """A block is the file that its first line names, or a file of tests of its own. Nothing has to be configured."""
    expected = 0
    for number, code in enumerate(blocks("python")):
        named = re.match(r"# (\w+\.py)\n", code)
        (tmp_path / (named[1] if named else f"test_block_{number}.py")).write_text(code)
        expected += len(re.findall(r"^ *def test_", code, re.MULTILINE))
    expected += len(re.findall(r'^        \{".*\},$', PAGE, re.MULTILINE)) - 1  # the rows of the parametrised test
    (configuration,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(configuration if configured else "[tool.pytest.ini_options]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *PLUGIN]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert f"{expected} passed" in ran.stdout, ran.stdout
    assert expected == 15


def test_what_is_installed_and_timed_is_there() -> None:
    install, timing = blocks("sh")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert install == 'pip install "watchword[fastapi]" pytest httpx\n'
    assert "fastapi" in extras
    command = shlex.split(timing)
    command[0] = sys.executable
    command[command.index("-n") + 1] = "1"
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "loop" in ran.stdout
