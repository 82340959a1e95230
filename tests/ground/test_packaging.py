"""What `pip install watchword` brings: everything that runs, nothing that tests."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built as a release is."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(target.glob("watchword-*.whl"))


@pytest.fixture(scope="module")
def contents(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def test_every_source_file_is_in_the_wheel(contents: frozenset[str]) -> None:
    source = ROOT / "src"
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    expected = {(ROOT / line).relative_to(source).as_posix() for line in listed.splitlines() if (ROOT / line).is_file()}
    assert expected <= contents


def test_typing_pages_styles_and_migrations_come_along(contents: frozenset[str]) -> None:
    assert "watchword/py.typed" in contents
    assert "watchword/static/watchword.css" in contents
    assert any(name.startswith("watchword/issuer/interaction/templates/") for name in contents)
    assert any(name.startswith("watchword/store/migrations/versions/0001") for name in contents)
    assert any(name.endswith("licenses/LICENSE") for name in contents)


def test_nothing_else_comes_along(contents: frozenset[str]) -> None:
    tops = {name.split("/")[0] for name in contents}
    assert tops == {"watchword", next(top for top in tops if top.endswith(".dist-info"))}
    assert not [name for name in contents if "/tests/" in name or name.endswith((".pyc", ".sqlite", ".key"))]


def test_no_failpoint_is_set_in_what_is_shipped(wheel: Path) -> None:
    script = "import watchword.failpoints as f; print(f.__file__, dict(f.ACTIVE))"
    environment = {"PYTHONPATH": str(wheel), "PATH": ""}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True)
    assert wheel.name in ran.stdout
    assert ran.stdout.strip().endswith("{}")
