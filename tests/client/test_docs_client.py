"""docs/client.md says what is: its blocks run, in order, in both libraries; its tables are complete."""

import json
import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.client.machine_issuer import SECRET, MachineIssuer

from watchword.client import errors
from watchword.client.errors import ClientError
from watchword.client.options import AuthOptions
from watchword.client.tokens import TokenSet
from watchword.clock import SystemClock

TEXT = (Path(__file__).parents[2] / "docs/client.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("library", ["httpx2", "httpx"])
def test_every_block_runs(
    machines: MachineIssuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERS_WORKER_SECRET", SECRET)
    monkeypatch.setenv("ORDERS_WEB_SECRET", SECRET)
    machines.refresh_tokens["first"] = None
    machines.clock, machines.oldest = SystemClock(), 60  # a second may pass between the two
    Path("login.json").write_text(json.dumps(TokenSet("old", 0.0, (), "first").to_dict()))
    namespace: dict[str, Any] = {}
    for number, block in enumerate(BLOCKS):
        code = block.replace("https://auth.example.com", machines.issuer)
        code = code.replace("https://api.example.com", machines.issuer)
        code = code.replace('"orders-worker"', '"worker"').replace('"orders-web"', '"worker"')
        code = code.replace("httpx2", library).replace("auth=auth)", "auth=auth, trust_env=False)")
        exec(compile(code, f"docs/client.md, block {number}", "exec"), namespace)
        if "Key.generate" in code and "private=True" in code:
            machines.client_jwk = namespace["key"].to_dict()
        if "auth = " in code:
            call(namespace, machines)
        if "async def" in code:
            assert anyio.run(namespace["read_orders"])["token"] in machines.live
    assert namespace["orders"]["token"] in machines.live
    assert TokenSet.from_dict(json.loads(Path("login.json").read_text())).access_token in machines.live
    assert Path("orders-worker.key.json").stat().st_mode & 0o077 == 0


def call(namespace: dict[str, Any], machines: MachineIssuer) -> None:
    """The auth object that a block made does what the text around it says."""
    library = namespace.get("httpx2") or namespace["httpx"]
    with library.Client(auth=namespace["auth"], trust_env=False) as client:
        assert client.get(f"{machines.issuer}/orders").status_code == 200


def test_every_kind_of_token_request_is_shown() -> None:
    assert len(BLOCKS) == 7


def test_every_error_of_the_table_is_there_and_has_that_code() -> None:
    rows = re.findall(r"^\| `(\w+Error)` \| `(\w+)` \|", TEXT, re.MULTILINE)
    assert len(rows) == 7
    for name, code in rows:
        error = getattr(errors, name)
        assert issubclass(error, ClientError)
        assert error.code == code


def test_every_option_is_told() -> None:
    own = {"clock"}  # for tests
    assert [name for name in AuthOptions.__annotations__ if name not in TEXT and name not in own] == []


def test_the_numbers_are_those_of_the_code() -> None:
    from watchword.client.authentication.private_key_jwt import LIFETIME
    from watchword.client.patience import MAX_PATIENCE
    from watchword.client.renewal import AHEAD, DOUBT_OFF, HOLD_OFF, LAST_CALL

    assert (AHEAD, LAST_CALL, HOLD_OFF, DOUBT_OFF, LIFETIME, MAX_PATIENCE) == (60, 10, 2, 5, 60, 300)
    for words in ("300 seconds", "60 seconds", "last ten seconds", "two seconds", "five seconds", "one minute"):
        assert words in TEXT
