"""`watchword up` as people run it: real processes, real ports, real tokens."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from watchword.cli.local.ports import choose_port

pytestmark = pytest.mark.slow

START_SECONDS = 60.0
STOP_SECONDS = 20.0
PASSWORD = "grey heron on the weir"


class Up:
    """A running `watchword up`."""

    def __init__(self, directory: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.ready_file = directory / "ready.json"
        self.output = directory / "output.txt"
        command = [sys.executable, "-m", "watchword.cli", "up", "--no-open", "--ready-file", str(self.ready_file)]
        if "--ephemeral" not in arguments:
            command += ["--data-dir", str(directory / "data")]
        if "--port" not in arguments:
            command += ["--port", "0", "--demo-port", "0"]
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [*command, *arguments],
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env={**os.environ, "TMPDIR": str(directory), **environment},
            )
        self.ready: dict[str, Any] = {}

    def wait_until_ready(self) -> "Up":
        deadline = time.monotonic() + START_SECONDS
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)
        self.ready = json.loads(self.ready_file.read_text())
        while "Ctrl-C" not in self.text():
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.02)
        return self

    def text(self) -> str:
        return self.output.read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def token(self) -> str:
        answer = httpx2.post(
            f"{self.ready['issuer']}/token",
            data={
                "grant_type": "client_credentials",
                "scope": self.ready["scope"],
                "resource": self.ready["resource"],
            },
            auth=(self.ready["client_id"], self.ready["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def orders(self, token: str) -> int:
        answer = httpx2.get(f"{self.ready['demo_api']}/orders", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


Start = Callable[..., Up]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Up] = []

    def begin(*arguments: str, environment: dict[str, str] | None = None) -> Up:
        up = Up(tmp_path, arguments, environment or {})
        started.append(up)
        return up

    yield begin
    for up in started:
        up.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_replaced(up: Up, victim: int) -> bool:
    children = up.children()
    return victim not in children and len(children) == 2


def test_it_runs_everything_and_a_second_time_reuses_it(start: Start, tmp_path: Path) -> None:
    first = start().wait_until_ready()
    assert set(first.ready) == {
        "issuer", "console", "setup", "demo_api", "client_id", "client_secret", "scope", "resource",
    }  # fmt: skip
    assert stat.S_IMODE(first.ready_file.stat().st_mode) == 0o600
    token = first.token()
    assert first.orders(token) == 200
    middle = len(token) // 2
    damaged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    assert first.orders(damaged) == 401
    assert httpx2.get(first.ready["setup"]).status_code == 200
    keys = httpx2.get(f"{first.ready['issuer']}/jwks").json()["keys"]

    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert (data / ".gitignore").read_text() == "*\n"
    for path in data.iterdir():
        if path.name != ".gitignore":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(first.output.stat().st_mode)  # the greeting went to standard output
    children = first.children()
    assert len(children) == 2
    assert first.stop() == 0
    assert not first.ready_file.exists()
    assert not any(is_alive(pid) for pid in children)

    second = start().wait_until_ready()
    again = {name: second.ready[name] for name in ("client_id", "client_secret")}
    assert again == {name: first.ready[name] for name in again}
    assert httpx2.get(f"{second.ready['issuer']}/jwks").json()["keys"] == keys
    assert second.orders(second.token()) == 200
    assert httpx2.get(first.ready["setup"].replace(first.ready["issuer"], second.ready["issuer"])).status_code == 410
    assert second.stop(signal.SIGINT) == 0
    assert "Traceback" not in second.text() + (data / "issuer.log").read_text() + (data / "demo.log").read_text()


def test_the_curl_pair_works_as_printed(start: Start) -> None:
    up = start().wait_until_ready()
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    lines = up.text().splitlines()
    begin = next(index for index, line in enumerate(lines) if "TOKEN=$(" in line)
    script = "\n".join(line.strip() for line in lines[begin : begin + 4])
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout), done.stdout


def test_nothing_secret_is_in_the_logs(start: Start, tmp_path: Path) -> None:
    """O80: the set-up token, the client's secret and the token stay out of both logs."""
    up = start().wait_until_ready()
    token = up.token()
    assert up.orders(token) == 200
    assert httpx2.get(up.ready["setup"]).status_code == 200
    setup_token = up.ready["setup"].partition("token=")[2]
    assert up.stop() == 0
    logs = "".join((tmp_path / "data" / f"{name}.log").read_text() for name in ("issuer", "demo"))
    assert logs
    for secret in (token, setup_token, up.ready["client_secret"]):
        assert secret not in logs


def test_an_ephemeral_one_leaves_nothing(start: Start, tmp_path: Path) -> None:
    up = start("--ephemeral").wait_until_ready()
    assert up.orders(up.token()) == 200
    assert len(list(tmp_path.glob("watchword-*"))) == 1
    assert up.stop() == 0
    assert list(tmp_path.glob("watchword-*")) == []
    assert not up.ready_file.exists()


def processes_in(directory: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdecimal() else ""
        except OSError:
            continue
        if str(directory) in command and is_alive(int(entry.name)):
            found.append(command.replace("\0", " "))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_while_it_migrates_it_leaves_nothing(start: Start, tmp_path: Path, number: int) -> None:
    up = start("--ephemeral")
    wait_for(lambda: any(" migrate " in command for command in processes_in(tmp_path)))
    assert up.stop(number) == 0
    assert processes_in(tmp_path) == []
    assert list(tmp_path.glob("watchword-*")) == []
    assert "Traceback" not in up.text()


def test_a_second_one_on_the_same_directory_is_refused(start: Start, tmp_path: Path) -> None:
    up = start().wait_until_ready()
    done = subprocess.run(
        [sys.executable, "-m", "watchword.cli", "up", "--no-open", "--data-dir", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"process {up.process.pid}" in done.stderr
    assert "Traceback" not in done.stderr
    assert up.orders(up.token()) == 200


def test_a_busy_port_moves_and_says_so(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = start("--port", str(port), "--demo-port", "0").wait_until_ready()
        assert not up.ready["issuer"].endswith(f":{port}")
        assert f"port {port} is in use" in up.text()
        assert up.orders(up.token()) == 200


def test_another_address_is_listened_on_besides_loopback(start: Start) -> None:
    up = start("--listen", "127.0.0.2").wait_until_ready()
    assert "listening on 127.0.0.2 without TLS" in up.text()
    assert up.orders(up.token()) == 200
    issuer = up.ready["issuer"]
    named = {"Host": issuer.removeprefix("http://")}
    elsewhere = issuer.replace("localhost", "127.0.0.2")
    assert httpx2.get(f"{elsewhere}/jwks", headers=named).status_code == 200
    assert httpx2.get(f"{elsewhere}/jwks").status_code == 421


def test_a_public_name_is_what_tokens_links_and_cookies_carry(start: Start) -> None:
    """Behind a proxy that ends TLS: asked here as that proxy would ask."""
    port = choose_port(0, hosts=("127.0.0.1",))
    up = start("--public-url", "https://auth.example.com", "--port", str(port)).wait_until_ready()
    assert up.ready["issuer"] == "https://auth.example.com"
    assert up.ready["setup"].startswith("https://auth.example.com/setup?token=")
    with httpx2.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Host": "auth.example.com"}, trust_env=False
    ) as proxy:
        document = proxy.get("/.well-known/openid-configuration").json()
        assert document["issuer"] == "https://auth.example.com"
        endpoints = [value for name, value in document.items() if name.endswith("_endpoint")]
        assert all(endpoint.startswith("https://auth.example.com/") for endpoint in endpoints)
        cookie = proxy.get("/login").headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
        assert proxy.get("/login", headers={"Host": "evil.example"}).status_code == 421


def test_moved_ports_move_the_issuer_and_the_demo(start: Start) -> None:
    first = start().wait_until_ready()
    assert first.stop() == 0
    second = start("--port", "0", "--demo-port", "0").wait_until_ready()
    assert second.ready["issuer"] != first.ready["issuer"]
    assert f"the issuer was {first.ready['issuer']}" in second.text()
    assert second.ready["resource"] == second.ready["demo_api"] != first.ready["demo_api"]
    assert second.orders(second.token()) == 200


def test_the_administrator_is_made_without_a_link_when_the_environment_says_so(start: Start, tmp_path: Path) -> None:
    password_file = tmp_path / "password"
    password_file.write_text(PASSWORD + "\n")
    environment = {"WATCHWORD_ADMIN_EMAIL": "amy@example.com", "WATCHWORD_ADMIN_PASSWORD_FILE": str(password_file)}
    up = start(environment=environment).wait_until_ready()
    assert up.ready["setup"] is None
    assert "/setup?token=" not in up.text()
    users = subprocess.run(
        [sys.executable, "-m", "watchword.cli", "user", "list", "--json", "--data-dir", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=True,
    )
    ((user),) = json.loads(users.stdout)
    assert (user["email"], user["roles"]) == ("amy@example.com", ["admin"])


def test_children_end_with_a_supervisor_that_is_killed(start: Start) -> None:
    up = start().wait_until_ready()
    children = up.children()
    assert len(children) == 2
    up.process.kill()
    wait_for(lambda: not any(is_alive(pid) for pid in children))


def test_a_child_that_crashes_is_started_again(start: Start) -> None:
    up = start().wait_until_ready()
    for victim in up.children():
        os.kill(victim, signal.SIGKILL)
        wait_for(partial(is_replaced, up, victim))

    def answers() -> bool:
        try:
            return up.orders(up.token()) == 200
        except httpx2.HTTPError:
            return False

    wait_for(answers)
    assert "was killed by SIGKILL and is started again" in up.text()
    assert up.stop() == 0


def test_a_lost_master_key_refuses_to_start_and_makes_no_new_one(start: Start, tmp_path: Path) -> None:
    """R37."""
    assert start().wait_until_ready().stop() == 0
    key = tmp_path / "data" / "master.key"
    key.rename(tmp_path / "kept.key")
    up = start()
    assert up.process.wait(START_SECONDS) == 1
    assert "master key file is missing" in up.text()
    assert "Traceback" not in up.text()
    assert not key.exists()
    (tmp_path / "kept.key").rename(key)
    again = start().wait_until_ready()
    assert again.orders(again.token()) == 200


def test_a_seed_is_there_and_stays_the_same(start: Start, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(
        f"""
        [[api]]
        url = "http://localhost:9000"
        name = "Invoices"
        scopes = ["invoices:read"]

        [[client]]
        id = "team-job"
        secret = "only-for-this-machine"
        name = "Team job"
        api_scopes = {{ "http://localhost:9000" = ["invoices:read"] }}

        [[user]]
        email = "amy@example.com"
        roles = ["admin"]
        password = "{PASSWORD}"
        """
    )
    for _ in range(2):
        up = start("--seed", str(seed)).wait_until_ready()
        assert up.ready["setup"] is None
        answer = httpx2.post(
            f"{up.ready['issuer']}/token",
            data={"grant_type": "client_credentials", "resource": "http://localhost:9000"},
            auth=("team-job", "only-for-this-machine"),
        )
        assert answer.status_code == 200, answer.text
        assert up.stop() == 0


def test_a_wrong_seed_tells_everything_and_starts_nothing(start: Start, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text('[[api]]\nurl = "nowhere"\n[[user]]\nname = "Amy"\n[[thing]]\n')
    up = start("--seed", str(seed))
    assert up.process.wait(START_SECONDS) == 1
    for expected in ("api 1:", "user 1: email is missing", "thing is not"):
        assert expected in up.text()
    assert "Traceback" not in up.text()
