"""From nothing to a signed-in person, on a machine that has never seen Watchword: `init`, then its own printed steps.

Run inside `unshare --net --mount` as ``python -m tests.production.first_day PROXY DIRECTORY``. The machine's /etc, /var
and /run are copies or empty; auth.example.com is this machine; its certificate is of an authority made for it. Each
printed command is executed as it is printed, but for `systemctl`, which `service_manager` stands in for. Prints JSON.
"""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from authlib.integrations.requests_client import OAuth2Session
from tests.e2e.person import Person
from tests.production import namespaces
from tests.production.init_command import WATCHWORD, Written, written
from tests.production.service_manager import Service
from tests.server.certificates import make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "auth.example.com"
ISSUER = f"https://{HOST}"
CALLBACK = "https://shop.example.com/callback"
API = "https://orders.example.com"
CANARY = "canary-7f3a"
PROXIES: dict[str, list[str]] = {
    "nginx": ["nginx", "-g", "daemon off;"],
    "caddy": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    "haproxy": ["haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"],
}


def certificate_options(directory: Path, proxy: str) -> list[str]:
    """A certificate that this machine trusts from now on, and the options of `init` that name it."""
    certificate = make_certificate(directory, "server", HOST)
    with Path("/etc/ssl/certs/ca-certificates.crt").open("ab") as authorities:
        authorities.write(certificate.certificate.read_bytes())
    both = directory / "both.pem"
    both.write_bytes(certificate.certificate.read_bytes() + certificate.key.read_bytes())
    os.environ["REQUESTS_CA_BUNDLE"] = str(certificate.certificate)
    if proxy == "haproxy":
        return ["--tls-certificate", str(both)]
    return ["--tls-certificate", str(certificate.certificate), "--tls-key", str(certificate.key)]


class Machine:
    """Its services, and how `systemctl` starts them."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "watchword.log"
        self.proxy_log = directory / "proxy.log"
        self.watchword: Service | None = None
        self.proxy: subprocess.Popen[bytes] | None = None

    def systemctl(self, words: list[str]) -> None:
        match words:
            case ["daemon-reload"] | ["enable", "watchword.service"]:
                assert Path("/etc/systemd/system/watchword.service").exists()
            case ["restart", "watchword.service"]:
                self.watchword = Service(Path("/etc/systemd/system/watchword.service"), self.log)
                self.watchword.start()
            case ["reload-or-restart", unit]:
                command = PROXIES[unit.removesuffix(".service")]
                with self.proxy_log.open("ab") as log:
                    environment = {**os.environ, "HOME": "/var/lib/caddy", "XDG_DATA_HOME": "/var/lib/caddy"}
                    self.proxy = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
                self._await_proxy()
            case _:
                raise AssertionError(f"nobody stands in for systemctl {words}")

    def _await_proxy(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", 443), timeout=5):
                    return
            except OSError:
                assert self.proxy is not None
                assert self.proxy.poll() is None, self.proxy_log.read_text()
                assert time.monotonic() < deadline, self.proxy_log.read_text()
                time.sleep(0.02)

    def end(self) -> None:
        for process in (self.proxy, self.watchword.process if self.watchword else None):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def follow(machine: Machine, made: Written) -> list[dict[str, Any]]:
    """Do what the steps say; how long each took."""
    done = []
    for step in made.said["steps"]:
        started, said = time.monotonic(), ""
        for command in step["commands"]:
            if command.startswith("systemctl "):
                machine.systemctl(command.split()[1:])
                continue
            ran = subprocess.run(
                ["sh", "-euc", command], cwd=made.directory, capture_output=True, text=True, check=False, timeout=120
            )
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}\n{_tail(machine.log)}"
            said += ran.stdout
        done.append({"what": step["what"], "seconds": round(time.monotonic() - started, 2), "said": said})
    return done


def _tail(log: Path) -> str:
    return log.read_text()[-2000:] if log.exists() else ""


def command(*words: str) -> Any:
    """An operator's command, as the steps run theirs."""
    line = [
        "runuser",
        "-u",
        "watchword",
        "--",
        WATCHWORD,
        *words,
        "--json",
        "--config",
        "/etc/watchword/watchword.toml",
    ]
    ran = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def sign_in(password: str) -> dict[str, Any]:
    """A stranger's OpenID client and a person, both through the proxy."""
    made = command(
        "client",
        "add",
        "shop",
        "--redirect-uri",
        CALLBACK,
        "--scope",
        "openid",
        "--scope",
        "profile",
        "--scope",
        "email",
    )
    metadata = httpx2.get(f"{ISSUER}/.well-known/openid-configuration").json()
    session = OAuth2Session(
        made["client_id"], made["client_secret"], token_endpoint_auth_method="client_secret_basic",
        redirect_uri=CALLBACK, scope="openid profile email", code_challenge_method="S256",
    )  # fmt: skip
    verifier = secrets.token_urlsafe(40)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1", login_hint=CANARY
    )
    person = Person("admin@example.com", password)
    try:
        back = person.visit(url, CALLBACK)
    finally:
        person.close()
    session.fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)
    found: dict[str, Any] = session.get(metadata["userinfo_endpoint"]).json()
    return found


def stream() -> dict[str, Any]:
    """What an API is told while its stream is open: a proxy that gathers pieces would hand out none before its end."""
    api = command("api", "add", API, "--scope", "orders:read", "--secret")
    client = command("client", "add", "reports", "--api", API, "orders:read")
    told: list[list[Any]] = []
    with httpx2.Client(timeout=60) as http:
        announced = http.get(f"{ISSUER}/.well-known/watchword-configuration").json()["revocation"]
        head = claims(http.get(announced["snapshot_uri"]).text)
        place = {"Last-Event-ID": f"{head['journal_id']}:{head['seq']}"}
        with http.stream("GET", announced["events_uri"], auth=(api["id"], api["secret"]), headers=place) as answer:
            assert answer.status_code == 200, answer.status_code
            messages = (claims(line.removeprefix("data:").strip()) for line in answer.iter_lines() if "data:" in line)
            assert next(messages)["entries"] == []  # the first heartbeat: the stream is there
            command("revoke", "client", client["client_id"])
            while not told:
                told = next(messages)["entries"]
        return {"type": answer.headers["content-type"], "told": [entry[1] for entry in told]}


def claims(message: str) -> dict[str, Any]:
    """What a message says; whether its signature holds is not this test's affair."""
    payload = message.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def edges() -> dict[str, Any]:
    """What the proxy and the issuer refuse together, and what both say of transport security."""
    with httpx2.Client(timeout=30) as http:
        page = http.get(f"{ISSUER}/.well-known/openid-configuration?{CANARY}=1")
        another = http.get(f"{ISSUER}/jwks", headers={"Host": "evil.example"})
        return {
            "strict transport": page.headers.get_list("strict-transport-security"),
            "large body": http.post(f"{ISSUER}/token", content=b"x" * 200_000).status_code,
            "another host": another.status_code if another.content else "nothing",
            "plain http": http.get(f"http://{HOST}/jwks?a=1").headers.get("location"),
        }


def what_the_issuer_is_told() -> dict[str, str]:
    """The headers in which a stranger claims things, as they come out behind the proxy, where Watchword was before."""
    seen: list[dict[str, str]] = []

    class Upstream(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            del arguments

    with HTTPServer(("127.0.0.1", 8400), Upstream) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        claims = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Forwarded-Proto": "http"}
        claims |= {"X-Correlation-Id": "0123456789abcdef", "Traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        httpx2.get(f"{ISSUER}/jwks", headers=claims, timeout=30)
        server.shutdown()
        thread.join()
    told = ("x-forwarded-for", "forwarded", "x-forwarded-proto", "host", "x-correlation-id", "traceparent")
    return {name: seen[-1].get(name, "") for name in told}


def main(proxy: str, directory: Path) -> dict[str, Any]:
    namespaces.fresh_machine()
    with Path("/etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 {HOST}\n")
    options = certificate_options(directory, proxy)
    started = time.monotonic()
    words = ["--issuer", HOST, "--target", "systemd", "--database", "sqlite", "--proxy", proxy, *options]
    made = written(directory / "made", *words)
    asked = round(time.monotonic() - started, 2)
    machine = Machine(directory)
    try:
        steps = follow(machine, made)
        whole = round(time.monotonic() - started, 2)
        findings = command("doctor")
        password = made.text("secrets/admin-password").strip()
        checks: dict[str, Callable[[], Any]] = {
            "sign in": lambda: sign_in(password),
            "stream": stream,
            "edges": edges,
        }
        found = {name: check() for name, check in checks.items()}
        assert machine.watchword is not None
        found["stopped"] = machine.watchword.stop()
        found["told"] = what_the_issuer_is_told()
        logs = [machine.log, machine.proxy_log, *Path("/var/log/nginx").iterdir()]
        found["canary in"] = [log.name for log in logs if log.exists() and CANARY in log.read_text(errors="replace")]
        found["proxy logged"] = any("/jwks" in log.read_text(errors="replace") for log in logs[1:] if log.exists())
    finally:
        machine.end()
    return {"init": asked, "whole": whole, "steps": steps, "doctor": findings, **found}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
