"""The examples are what they say they are: complete, short, and passing with nothing but the plugin."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"
FOLDERS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
# A checkout that was installed before there was a plugin does not know of it.
PLUGIN = () if entry_points(group="pytest11", name="watchword") else ("-p", "watchword.pytest_plugin")


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_its_tests_pass(folder: str) -> None:
    # An empty configuration: the project's own belongs to another folder.
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *PLUGIN, "-c", os.devnull]
    command += ["--rootdir", ".", "."]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    ran = subprocess.run(command, cwd=EXAMPLES / folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "7 passed" in ran.stdout


def test_every_framework_of_the_issue_has_one() -> None:
    assert FOLDERS == ["django_orders", "fastapi_orders", "flask_orders"]


def test_they_are_short_and_all_of_them_are_listed() -> None:
    told = (EXAMPLES / "README.md").read_text()
    for folder in FOLDERS:
        assert f"]({folder}/" in told
        for path in (EXAMPLES / folder).glob("*.py"):
            assert len(path.read_text().splitlines()) <= 65, path
