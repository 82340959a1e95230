"""The management listener beside a server that stops: it is the last to close, and says not ready meanwhile."""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from watchword.cli.local.ports import choose_port
from watchword.issuer.health import Report
from watchword.server.management import Management, create_management


@dataclass
class Says:
    """A health that says what it is told to."""

    checks: dict[str, Any]

    async def report(self) -> Report:
        return Report(self.checks)


def asked(says: Says, host: str = "127.0.0.1", token: str | None = None) -> TestClient:
    management = Management(host, 9400, lambda: b"watchword_ready 1\n", token)
    return TestClient(create_management(management, says), base_url="http://127.0.0.1:9400")  # type: ignore[arg-type]


def test_every_check_is_named() -> None:
    answer = asked(Says({"database": "ok", "keys": "failed"})).get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "checks": {"database": "ok", "keys": "failed"}}
    assert asked(Says({"database": "ok"})).get("/readyz").status_code == 200
    assert asked(Says({"database": "failed"})).get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9400", "127.0.0.1.evil.example", "10.0.0.7:9400", ""])
def test_on_loopback_only_loopback_names_are_answered(host: str) -> None:
    answer = asked(Says({})).get("/metrics", headers={"Host": host})
    assert answer.status_code == 421
    assert "watchword_ready" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "localhost:9400", "127.0.0.1:9400", "[::1]:9400", "[::1]"])
def test_and_all_of_those(host: str) -> None:
    assert asked(Says({})).get("/metrics", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("given", [None, "Bearer ", "Bearer wrong", "Basic c2VjcmV0", "secret", "Bearer secret secret"])
def test_elsewhere_numbers_need_the_token_and_probes_do_not(given: str | None) -> None:
    client = asked(Says({}), host="0.0.0.0", token="secret")
    headers = {} if given is None else {"Authorization": given}
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, "watchword_ready" in answer.text) == (401, False)
    assert "www-authenticate" in answer.headers
    assert client.get("/readyz", headers=headers).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer secret"}).text == "watchword_ready 1\n"


STOPPING = """
import asyncio, sys
from types import SimpleNamespace
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from watchword.issuer.health import Report
from watchword.server.management import Management
from watchword.server.run import Listen, serve

port, asked_at = int(sys.argv[1]), int(sys.argv[2])
serving = ["ok"]

class Health:
    async def report(self):
        return Report({"serving": serving[0]})

release = asyncio.Event()

async def slow(request):
    print("slow", flush=True)
    await release.wait()
    return PlainTextResponse("answered")

async def opening():
    application = Starlette(routes=[Route("/slow", slow)])
    application.state.issuer = SimpleNamespace(health=Health())
    application.state.stop = lambda: serving.__setitem__(0, "failed")
    return application

def exposition():
    release_soon()
    return b""

loop = []
def release_soon():
    loop[0].call_soon_threadsafe(release.set)

async def remembering():
    loop.append(asyncio.get_running_loop())
    return await opening()

serve(remembering, Listen("127.0.0.1", port), management=Management("127.0.0.1", asked_at, exposition),
      ready=lambda: print("ready", flush=True))
"""


def test_while_it_stops_it_says_so_to_the_end() -> None:
    port = choose_port(0, hosts=("127.0.0.1",))
    asked_at = choose_port(0, hosts=("127.0.0.1",))
    words = [sys.executable, "-c", STOPPING, str(port), str(asked_at)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert process.stdout is not None
    answers: list[str] = []
    try:
        assert process.stdout.readline() == b"ready\n"
        with httpx2.Client(trust_env=False, timeout=60) as http:
            slow = threading.Thread(
                target=lambda: answers.append(httpx2.get(f"http://127.0.0.1:{port}/slow", timeout=60).text)
            )
            slow.start()
            assert process.stdout.readline() == b"slow\n"
            asked = f"http://127.0.0.1:{asked_at}"
            process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 30
            while (answer := http.get(f"{asked}/readyz")).status_code == 200:
                assert time.monotonic() < deadline
            assert answer.json() == {"status": "not ready", "checks": {"serving": "failed"}}
            http.get(f"{asked}/metrics")
            slow.join(30)
        assert answers == ["answered"]
        assert process.wait(30) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
