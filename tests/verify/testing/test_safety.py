"""What makes a service take a test's tokens never happens by itself, and never unseen."""

import ast
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tests.verify.testing.test_fake_issuer import API, ISSUER, code

import watchword
from watchword.clock import SystemClock
from watchword.fetch import danger_answer_in_process
from watchword.fetch.in_process import _answers
from watchword.verify import Verifier
from watchword.verify.protection import Protection
from watchword.verify.testing import FakeIssuer, fake_issuer, signed_in
from watchword.verify.verification import Verification

METHODS = ((Protection, "present"), (Verification, "__init__"), (SystemClock, "now"), (SystemClock, "monotonic"))


def state() -> list[object]:
    """Everything of the process that an active issuer changes."""
    return [dict(_answers), list(fake_issuer._active), *(owner.__dict__[name] for owner, name in METHODS)]


def test_nothing_of_the_package_imports_it_but_the_plugin() -> None:
    source = Path(watchword.__file__).parent
    for path in source.rglob("*.py"):
        relative = path.relative_to(source).as_posix()
        if relative.startswith("verify/testing/") or relative == "pytest_plugin.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                named = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not [name for name in named if name.startswith("watchword.verify.testing")], relative


def test_it_changes_nothing_until_it_is_started_and_nothing_after() -> None:
    before = state()
    verifier = Verifier(issuer=ISSUER, audience=API)
    idle = FakeIssuer()
    assert idle.token()
    idle.rotate()
    assert state() == before
    with idle, signed_in():
        idle.freeze()
        assert code(verifier, idle.token()) == "ok"
        assert [now != then for now, then in zip(state(), before, strict=True)] == [True] * len(before)
    assert state() == before


def test_a_start_that_fails_leaves_nothing_behind() -> None:
    before = state()
    with pytest.raises(ValueError, match="origin"):
        FakeIssuer(ISSUER, names=["http://issuer:8400/path"]).start()
    assert state() == before
    with danger_answer_in_process(ISSUER, lambda _: pytest.fail("nobody asks")):
        taken = state()
        with pytest.raises(ValueError, match="already"):
            FakeIssuer(ISSUER).start()
        assert state() == taken


def test_the_log_says_once_that_it_is_at_work(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with FakeIssuer("https://seen-once.example.com"):
            pass
    told = [record for record in caplog.records if "seen-once" in record.getMessage()]
    assert [(record.levelno, record.name) for record in told] == [(logging.WARNING, "watchword.verify.testing")]


def test_importing_the_plugin_loads_nothing_of_weight() -> None:
    program = "import watchword.pytest_plugin, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "watchword.pytest_plugin" in loaded
    assert not {"watchword.verify", "watchword.jose", "httpx2", "cryptography"} & set(loaded)
