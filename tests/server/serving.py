"""`watchword serve` as people run it: an installation in a directory, its processes, their log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from watchword.cli.local.ports import choose_port
from watchword.store.sealing import MasterKey

API = "https://orders.example.com"
HOST = "auth.example.com"
COMMAND = [sys.executable, "-m", "watchword.cli"]
PATIENCE = 120.0  # seconds; nothing is judged by it


def wait_until(condition: Callable[[], Any], told: Callable[[], str] = lambda: "") -> Any:
    """What ``condition`` returns, as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)
    return found


class Installation:
    """A migrated installation behind a proxy that ends TLS, with a client that may have tokens.

    Args:
        directory: where it is kept.
        url: of its database.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        self.config = directory / "watchword.toml"
        self.client = ("", "")
        MasterKey.generate_file(directory / "master.key")
        self.configure()

    def configure(self, more: str = "", server: str = "") -> None:
        """Write the configuration file, with ``more`` at its end."""
        self.config.write_text(
            f'[server]\nissuer = "https://{HOST}"\ntrusted_proxies = ["127.0.0.1"]\n{server}\n'
            f'[database]\nurl = "{self.url}"\n[keys]\nmaster_key_file = "master.key"\n{more}\n'
        )

    def make(self) -> None:
        """Migrate it, and register an API and a client."""
        self.command("migrate")
        self.command("api", "add", API, "--scope", "orders:read=See the orders")
        made = json.loads(self.command("client", "add", "reports", "--api", API, "orders:read", "--json"))
        self.client = (made["client_id"], made["client_secret"])

    def command(self, *words: str) -> str:
        """What an operator's command prints."""
        done = subprocess.run(
            [*COMMAND, *words, "--config", str(self.config)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


class Serving:
    """One `watchword serve`, begun; whoever begins it ends it.

    Args:
        installation: what is served.
        words: further arguments.
        before: what to put before the command.
        environment: further variables.
    """

    def __init__(
        self,
        installation: Installation,
        *words: str,
        before: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.port = choose_port(0, hosts=("127.0.0.1",))
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._log = installation.directory / f"log-{self.port}"
        with self._log.open("wb") as sink:
            self.process = subprocess.Popen(
                [*before, *COMMAND, "serve", *words, "--config", str(installation.config)],
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, "WATCHWORD_SERVER_PORT": str(self.port), **(environment or {})},
            )

    def log(self) -> str:
        """All that its processes wrote."""
        return self._log.read_text()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log about ``event``."""
        found = []
        for line in self.log().splitlines():
            with suppress(ValueError):
                record = json.loads(line)
                found += [record] if record.get("event") == event else []
        return found

    def await_event(self, event: str, times: int = 1) -> None:
        """Wait until the log has told of ``event`` so often."""

        def is_there() -> bool:
            assert self.process.poll() is None or len(self.lines(event)) >= times, self.log()
            return len(self.lines(event)) >= times

        wait_until(is_there, self.log)

    def workers(self) -> list[int]:
        """The ids of its children that run."""
        return children_of(self.process.pid)

    def get(self, path: str) -> httpx2.Response:
        """A request on a connection of its own."""
        return httpx2.get(f"{self.base_url}{path}", headers={"Host": HOST}, trust_env=False, timeout=30)

    def send(self, number: signal.Signals) -> None:
        """To the process that was started."""
        self.process.send_signal(number)

    def end(self) -> int:
        """SIGTERM, and its exit status."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """At the end of a test: nothing of it stays."""
        for pid in [*self.workers(), self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def children_of(pid: int) -> list[int]:
    """The ids of its children that run."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(one) for one in found if is_running(int(one))]


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
