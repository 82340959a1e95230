"""What is loaded for whom: the verifier knows no client, and neither HTTP library needs the other."""

import subprocess
import sys

import pytest


def run(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def loaded_after(statement: str) -> set[str]:
    ran = run(f"{statement}\nimport sys\nprint(*sys.modules)")
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_verifier_loads_no_client() -> None:
    modules = loaded_after("import watchword.verify")
    assert not any(name.startswith("watchword.client") for name in modules)
    assert "httpx" not in modules


def test_httpx2_needs_no_httpx() -> None:
    modules = loaded_after("import watchword.client.httpx2")
    assert "httpx" not in modules
    assert not {"starlette", "fastapi", "keyring", "sqlalchemy"} & modules


def test_without_httpx_one_sentence_says_what_to_install() -> None:
    ran = run("import sys\nsys.modules['httpx'] = None\nimport watchword.client.httpx")
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: watchword.client.httpx needs httpx: pip install 'watchword[httpx]'")


@pytest.mark.parametrize("module", ["httpx", "httpx2"])
def test_both_modules_offer_the_same(module: str) -> None:
    names = run(f"import watchword.client.{module} as it\nprint(*it.__all__)").stdout.split()
    assert names == ["ClientCredentials", "RefreshingTokens", "arenew_proof", "renew_proof"]
