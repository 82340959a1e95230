"""A service that only verifies loads nothing of the server and nothing optional."""

import subprocess
import sys

FORBIDDEN = (
    "starlette",
    "fastapi",
    "pydantic",
    "sqlalchemy",
    "alembic",
    "jinja2",
    "argon2",
    "uvicorn",
    "keyring",
    "watchword.issuer",
    "watchword.store",
    "watchword.authn",
    "watchword.admin",
    "watchword.console",
    "watchword.cli",
    "watchword.config",
    "watchword.wiring",
    "watchword.client",
)


def loaded_after(statement: str) -> set[str]:
    """The modules in a fresh interpreter after ``statement``."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def offenders(modules: set[str], forbidden: tuple[str, ...]) -> set[str]:
    return {name for name in modules if any(name == root or name.startswith(root + ".") for root in forbidden)}


def test_the_verifier_loads_no_server_code_and_no_optional_dependency() -> None:
    modules = loaded_after("import watchword.verify")
    assert "watchword.verify.verifier" in modules
    assert offenders(modules, FORBIDDEN) == set()


def test_jose_loads_no_network_code() -> None:
    modules = loaded_after("import watchword.jose")
    assert "watchword.jose.jwt" in modules
    assert offenders(modules, (*FORBIDDEN, "httpx2", "anyio", "watchword.fetch", "watchword.verify")) == set()


def test_the_package_itself_loads_nothing() -> None:
    modules = loaded_after("import watchword")
    assert {name for name in modules if name.startswith("watchword")} == {"watchword"}
