"""The rules of docs/flow.md that import-linter cannot say, read off the source itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "watchword"
FILES = sorted(SOURCE.rglob("*.py"))

# Rule 5. The command line asks its terminal and the failpoints their switch; nobody else looks at the environment.
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
MAY_READ_ENVIRONMENT = ("config/", "failpoints.py")

TIME = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "date.today",
}
MAY_READ_TIME = ("clock.py",)

# No drawers: a function lives with its only caller or becomes a named concept.
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "lib"}


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for an attribute chain of names, else an empty text."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            inner = dotted(value)
            return f"{inner}.{attribute}" if inner else ""
        case _:
            return ""


def names_used(tree: ast.Module) -> Iterator[str]:
    """Dotted names as the file would write them with plain imports, whatever it imported them as."""
    origin: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            origin.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.module:
            origin.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = dotted(node)
            head, dot, rest = name.partition(".")
            yield f"{origin.get(head, head)}{dot}{rest}"


def offenders(forbidden: set[str], allowed: tuple[str, ...]) -> list[str]:
    found = []
    for path in FILES:
        relative = path.relative_to(SOURCE).as_posix()
        if not relative.startswith(allowed):
            used = forbidden.intersection(names_used(ast.parse(path.read_text())))
            found += [f"{relative}: {name}" for name in sorted(used)]
    return found


def test_only_config_reads_the_environment() -> None:
    assert offenders(ENVIRONMENT, MAY_READ_ENVIRONMENT) == []


def test_only_clock_reads_the_time() -> None:
    assert offenders(TIME, MAY_READ_TIME) == []


def test_the_search_sees_through_other_names() -> None:
    """A rule test that could not fail would be worth nothing."""
    source = (
        "from os import environ as e\nimport time as t\nfrom datetime import datetime\ne['x']; t.time(); datetime.now()"
    )
    used = set(names_used(ast.parse(source)))
    assert {"os.environ", "time.time", "datetime.datetime.now"} <= used


def test_files_are_short_and_named_for_a_concept() -> None:
    for path in FILES:
        assert path.stem not in DRAWERS, path
        assert len(path.read_text().splitlines()) < 400, f"{path} is longer than one concept should be"


def modules_after(statement: str) -> set[str]:
    """The names in ``sys.modules`` of a fresh interpreter after ``statement``."""
    script = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    )


SERVER_CODE = {
    "sqlalchemy", "alembic", "starlette", "fastapi", "uvicorn", "jinja2", "argon2", "asyncpg", "keyring", "multipart",
    "watchword.store", "watchword.issuer", "watchword.authn", "watchword.admin", "watchword.console",
    "watchword.config", "watchword.wiring", "watchword.cli", "watchword.demo",
}  # fmt: skip


@pytest.mark.parametrize("module", ["watchword.verify", "watchword.jose", "watchword.client"])
def test_the_sdk_loads_no_server_code(module: str) -> None:
    """Rule 2: neither server code nor an optional dependency, in an interpreter that has loaded nothing else."""
    assert modules_after(f"import {module}") & SERVER_CODE == set()


def test_importing_watchword_loads_nothing_else() -> None:
    assert {name for name in modules_after("import watchword") if name.startswith("watchword")} == {"watchword"}
