"""``python -m watchword.demo`` as the supervisor starts it."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.client.toy_issuer import toy_issuer

from watchword.clock import SystemClock
from watchword.demo.settings import DemoSettings, DemoSettingsError

SETTINGS: dict[str, Any] = {
    "issuer": "https://issuer.example",
    "origin": "https://orders.example",
    "audience": "https://orders.example/api",
    "client_id": "orders-demo",
    "client_secret": "canary-secret",
}


def write(path: Path, settings: object, mode: int = 0o600) -> Path:
    path.write_text(json.dumps(settings))
    path.chmod(mode)
    return path


def test_settings_are_read(tmp_path: Path) -> None:
    settings = DemoSettings.from_file(write(tmp_path / "demo.json", {**SETTINGS, "stylesheet": None}))
    assert settings.orders_url == "https://orders.example/orders"
    assert not settings.is_plain_http
    assert settings.stylesheet is None
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    "settings",
    [
        [],
        {},
        {**SETTINGS, "client_secret": ""},
        {**SETTINGS, "client_secrte": "x"},
        {**SETTINGS, "issuer": 1},
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, settings: object) -> None:
    with pytest.raises(DemoSettingsError):
        DemoSettings.from_file(write(tmp_path / "demo.json", settings))


def test_settings_that_others_can_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoSettingsError, match="only its owner"):
        DemoSettings.from_file(write(tmp_path / "demo.json", SETTINGS, 0o644))
    with pytest.raises(DemoSettingsError, match="cannot be read"):
        DemoSettings.from_file(tmp_path / "absent")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def get(url: str, **headers: str) -> httpx2.Response:
    return httpx2.get(url, headers=headers, trust_env=False)


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            get(url)
        except httpx2.ConnectError:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@pytest.mark.exhaustive
def test_the_process_serves_and_ends_when_told(tmp_path: Path) -> None:
    """O80: what the process writes repeats no query string; /callback carries a code in it."""
    with toy_issuer(SystemClock()) as issuer:
        port = free_port()
        origin = f"http://localhost:{port}"
        settings = {**SETTINGS, "issuer": issuer.issuer, "origin": origin, "audience": origin}
        file = write(tmp_path / "demo.json", settings)
        process = subprocess.Popen(
            [sys.executable, "-m", "watchword.demo", "--settings", str(file), "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            wait_for(origin, process)
            token = issuer.access_token(origin, "orders:read")
            assert get(f"http://127.0.0.1:{port}/orders").status_code == 401
            assert get(f"{origin}/orders", authorization=f"Bearer {token}").json()[0]["id"] == 1
            assert get(f"{origin}/callback?code=canary-code&state=canary-state").status_code == 400
        finally:
            process.send_signal(signal.SIGTERM)
            written, _ = process.communicate(timeout=20)
        assert process.returncode in {0, -signal.SIGTERM}
        assert "canary" not in written
        assert token not in written


def test_the_process_says_why_it_does_not_start(tmp_path: Path) -> None:
    file = write(tmp_path / "demo.json", SETTINGS, 0o644)
    command = [sys.executable, "-m", "watchword.demo", "--settings", str(file), "--port", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("watchword.demo: ")
    assert "Traceback" not in done.stderr
