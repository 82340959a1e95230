"""From `init` to a signed-in person on a fresh machine, with each proxy for real: its steps and seconds are printed.

No systemd runs on the machines that build Watchword: `service_manager` does what the unit says. Every other printed
command is executed as printed, in namespaces that end with the test.
"""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest
from tests.production.namespaces import ROOT, why_not

pytestmark = pytest.mark.slow

STEPS = 8


@pytest.fixture(scope="module", params=["nginx", "caddy", "haproxy"])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `first_day` found behind one proxy."""
    proxy: str = request.param
    if shutil.which(proxy) is None:
        pytest.skip(f"{proxy} is not installed here")
    if (reason := why_not("systemd-sysusers", "runuser")) is not None:
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp(proxy)
    command = ["unshare", "--net", "--mount", "--", sys.executable, "-m", "tests.production.first_day"]
    done = subprocess.run([*command, proxy, str(directory)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_printed_steps_lead_to_a_doctor_that_finds_nothing(day: dict[str, Any], capsys: Any) -> None:
    assert [one for one in day["doctor"] if one["verdict"] != "ok"] == []
    assert {"reachable", "public keys", "master key"} <= {one["what"] for one in day["doctor"]}
    assert len(day["steps"]) <= STEPS
    lines = [f"`init` {day['init']} s; to a green doctor {len(day['steps'])} steps, {day['whole']} s"]
    lines += [
        f"  {number} {step['seconds']:6.2f} s  {step['what']}" for number, step in enumerate(day["steps"], start=1)
    ]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_a_stranger_signs_in_through_the_proxy(day: dict[str, Any]) -> None:
    assert day["sign in"]["email"] == "admin@example.com"


def test_what_is_withdrawn_passes_the_proxy_while_the_stream_is_open(day: dict[str, Any]) -> None:
    assert day["stream"]["type"].startswith("text/event-stream")
    assert day["stream"]["told"] == ["client"]


def test_the_proxy_alone_says_who_comes(day: dict[str, Any]) -> None:
    told = day["told"]
    assert told["x-forwarded-for"].removeprefix("::ffff:") == "127.0.0.1"
    assert told["forwarded"] == ""
    assert told["x-forwarded-proto"] == "https"
    assert told["host"] == "auth.example.com"
    assert (told["x-correlation-id"], told["traceparent"]) == ("", "")


def test_edges(day: dict[str, Any]) -> None:
    edges = day["edges"]
    assert edges["strict transport"] == ["max-age=63072000"]
    assert edges["large body"] == 413
    assert edges["another host"] in {421, "nothing"}  # Caddy has no site of that name, and says so by an empty answer
    assert edges["plain http"] == "https://auth.example.com/jwks?a=1"


def test_no_log_holds_what_is_after_the_question_mark(day: dict[str, Any]) -> None:
    assert day["canary in"] == []


def test_it_stops_when_it_is_told_to(day: dict[str, Any]) -> None:
    assert day["stopped"] in {0, -15}
