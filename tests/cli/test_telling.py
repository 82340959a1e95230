"""What a real `watchword serve` tells operators, and that it tells no secret (O80, O84, G11)."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.cli.test_serve import API, COMMAND, command, configure, install, serve
from tests.e2e.person import Person
from tests.ground.canary import scan
from tests.server.collector import Collector, attributes_of

from watchword import telemetry
from watchword.cli.local.ports import choose_port
from watchword.oauth import pkce

pytestmark = pytest.mark.slow

CALLBACK = "https://app.example.com/callback"
VERIFIER = "canary-verifier-" + "v" * 43
TOKEN = "canary-management-token-6b1f"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def answers(http: httpx2.Client, path: str) -> bool:
    try:
        return http.get(path).status_code == 200
    except httpx2.TransportError:
        return False


def looked_at(directory: Path) -> bytes:
    """What the doctor says; it cannot verify this test's own certificate, and says so besides."""
    words = ["doctor", "--json", "--config", str(directory / "watchword.toml")]
    return subprocess.run([*COMMAND, *words], capture_output=True, check=False).stdout


def sum_of(exposition: str, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_a_whole_sign_in_is_told_without_its_secrets(tmp_path: Path, collector: Collector) -> None:
    directory, port = install(tmp_path, "sqlite:///data.sqlite")
    asked_at = choose_port(0, hosts=("127.0.0.1",))
    settings = (directory / "watchword.toml").read_text()
    (directory / "management.token").write_text(TOKEN)
    configure(
        directory,
        settings.replace(
            "[server]",
            '[server]\ntrusted_proxies = ["127.0.0.1", "::1"]\n'
            f'management_port = {asked_at}\nmanagement_token_file = "management.token"',
        )
        + f'\n[telemetry]\nlog_level = "debug"\ntraces_endpoint = "{collector.endpoint}"\n',
    )
    secrets = {"password": "canary-password-0d41/+~", "email": "canary-amy@example.com", "verifier": VERIFIER}
    secrets |= {"state": "canary-state-77", "nonce": "canary-nonce-78", "management token": TOKEN}
    (directory / "password").write_text(secrets["password"])
    command(directory, "user", "add", secrets["email"], "--password-file", str(directory / "password"))
    command(directory, "api", "add", API, "--scope", "orders:read=See the orders")
    scopes = [word for scope in ("openid", "offline_access", "orders:read") for word in ("--scope", scope)]
    made = json.loads(
        command(directory, "client", "add", "app", "--redirect-uri", CALLBACK, *scopes, "--default-api", API, "--json")
    )
    secrets["client secret"] = made["client_secret"]
    log, metrics = directory / "out" / "log", directory / "out" / "metrics"
    log.parent.mkdir()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--config", str(directory / "watchword.toml")], stdout=sink, stderr=subprocess.STDOUT
        )
    person = Person(secrets["email"], secrets["password"])
    person.http.close()
    trusting = ssl.create_default_context(cafile=str(directory / "server.crt"))
    base = f"https://localhost:{port}"
    person.http = httpx2.Client(verify=trusting, trust_env=False, headers={"Accept": "text/html"}, timeout=20)
    management = httpx2.Client(base_url=f"http://127.0.0.1:{asked_at}", trust_env=False, timeout=20)
    try:
        wait_for(lambda: answers(management, "/readyz"), process, log)
        checks = management.get("/readyz").json()["checks"]
        assert set(checks.values()) == {"ok"}
        assert {"serving", "database", "schema", "writes", "journal", "keys", "clock"} <= checks.keys()
        assert person.http.get(f"{base}/readyz").json() == {"status": "ready"}
        assert person.http.get(f"{base}/metrics").status_code == 404

        asked = {
            "client_id": made["client_id"],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid offline_access orders:read",
            "state": secrets["state"],
            "nonce": secrets["nonce"],
            "code_challenge": pkce.challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        came = person.visit(str(httpx2.URL(f"{base}/authorize", params=asked)), CALLBACK)
        secrets["code"] = parse_qs(urlsplit(came).query)["code"][0]
        secrets |= {f"cookie {name}": value for name, value in person.http.cookies.items()}
        form = {
            "grant_type": "authorization_code",
            "code": secrets["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        client = (made["client_id"], made["client_secret"])
        correlation = "0123abcd-4567"
        traced = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Correlation-Id": correlation}
        answer = person.http.post(f"{base}/token", data=form, auth=client, headers=traced)
        assert answer.headers["x-correlation-id"] == correlation
        first = answer.json()
        renewed = person.http.post(
            f"{base}/token",
            data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]},
            auth=client,
        ).json()
        for when, given in (("first", first), ("second", renewed)):
            secrets |= {f"{when} {kind}": given[kind] for kind in telemetry.TOKEN_KINDS}
        body = {"token": renewed["access_token"]}
        assert person.http.post(f"{base}/introspect", data=body, auth=client).status_code == 200
        # Mistakes of every kind: what is wrong may be a secret typed into the wrong place.
        person.http.get(f"{base}/canary-typed-path/{secrets['first access_token']}?token={secrets['code']}")
        person.http.post(f"{base}/token?token={secrets['code']}", data=form, auth=client)
        refused = person.http.post(f"{base}/token", data={**form, "code": "x"}, auth=client)
        assert refused.json()["error"] == "invalid_grant"

        doctor = json.loads(looked_at(directory))
        assert {"what": "running issuer", "verdict": "ok", "found": "ready", "next_step": None} in doctor
        assert management.get("/metrics").status_code == 401
        assert management.get("/readyz", headers={"Host": "evil.example"}).status_code == 421
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        wait_for(
            lambda: sum_of(management.get("/metrics", headers=bearer).text, "watchword_ready") == 1,
            process,
            log,
        )
        exposition = management.get("/metrics", headers=bearer).text
        metrics.write_text(exposition)
        issued = "watchword_tokens_issued_total"
        assert sum_of(exposition, issued, grant_type="authorization_code", kind="id_token") == 1
        assert sum_of(exposition, issued, grant_type="refresh_token", kind="access_token") == 1
        assert sum_of(exposition, "watchword_sign_ins_total", outcome="succeeded") == 1
        assert sum_of(exposition, "watchword_requests_refused_total", route="/token", error="invalid_grant") == 1
        assert sum_of(exposition, "watchword_http_request_duration_seconds_count", route="/token") >= 3
        assert sum_of(exposition, "watchword_database_transaction_duration_seconds_count", kind="write") >= 3
        assert sum_of(exposition, "watchword_ready") == 1
        assert sum_of(exposition, "watchword_key_rotation_due_seconds", purpose="token", algorithm="ES256") > 0
    finally:
        management.close()
        person.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}
    export = directory / "out" / "spans"
    export.write_bytes(b"\n".join(collector.bodies))
    spans = collector.spans()
    by_name = {span.name for span in spans}
    assert {"POST /token", "GET /authorize", "POST /login", "database write", "database read"} <= by_name
    ours = [span for span in spans if span.trace_id.hex() == TRACE]
    (root,) = [span for span in ours if span.parent_span_id.hex() == SPAN]
    assert (root.name, attributes_of(root)["watchword.correlation_id"]) == ("POST /token", correlation)
    assert any(span.parent_span_id == root.span_id and span.name == "database write" for span in ours)
    for span in spans:
        assert attributes_of(span).keys() <= set(telemetry.SPAN_ATTRIBUTES)
        assert not span.events

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    known = {"time", "level", "logger", "message", *telemetry.LOG_FIELDS}
    assert {field for line in lines for field in line} <= known
    assert any(line.get("correlation_id") == correlation and line["route"] == "/token" for line in lines)
    assert any(line.get("error") == "invalid_grant" for line in lines)
    assert any(line["level"] == "debug" for line in lines)
    assert scan([directory / "out"], secrets) == []
    assert b"canary" not in log.read_bytes() + metrics.read_bytes() + export.read_bytes()


def test_metrics_for_others_need_a_token(tmp_path: Path) -> None:
    configure(
        tmp_path,
        """
        [server]
        issuer = "https://auth.example.com"
        management_listen = "0.0.0.0"
        management_port = 8400
        [database]
        url = "sqlite:///data.sqlite"
        """,
    )
    done = serve(tmp_path)
    assert done.returncode == 1
    assert "set server.management_token_file" in done.stderr
    assert "metrics are not for everybody" in done.stderr


def test_nothing_is_loaded_that_nobody_asked_for() -> None:
    script = "import sys, watchword.cli.telling, watchword.server.run, watchword.wiring; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"prometheus_client", "opentelemetry.sdk", "requests"} & set(done.stdout.split()) == set()


def test_two_processes_are_told_as_one(tmp_path: Path) -> None:
    """Each serves at a port of its own here; both listen on the one management port, and either adds up both."""
    directory, port = install(tmp_path, "sqlite:///data.sqlite")
    asked_at = choose_port(0, hosts=("127.0.0.1",))
    ports = [port, choose_port(0, hosts=("127.0.0.1",))]
    numbers = directory / "numbers"
    numbers.mkdir(0o700)
    logs = [directory / f"log-{one}" for one in ports]
    trusting = ssl.create_default_context(cafile=str(directory / "server.crt"))
    processes = []
    try:
        for one, log in zip(ports, logs, strict=True):
            words = ["serve", "--config", str(directory / "watchword.toml"), "--metrics-directory", str(numbers)]
            given = {"WATCHWORD_SERVER_PORT": str(one), "WATCHWORD_SERVER_MANAGEMENT_PORT": str(asked_at)}
            with log.open("wb") as sink:
                processes.append(
                    subprocess.Popen(
                        [*COMMAND, *words], stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **given}
                    )
                )
        name = {"Host": f"localhost:{port}"}
        with httpx2.Client(verify=trusting, trust_env=False, headers=name, timeout=20) as http:
            for one, log, process in zip(ports, logs, processes, strict=True):
                base = f"https://localhost:{one}"
                wait_for(lambda base=base: answers(http, f"{base}/readyz"), process, log)  # type: ignore[misc]
                assert http.get(f"{base}/jwks").status_code == 200
            for _ in range(6):  # the kernel chooses who answers: a connection each
                exposition = httpx2.get(f"http://127.0.0.1:{asked_at}/metrics", trust_env=False, timeout=20).text
                assert sum_of(exposition, "watchword_http_requests_total", route="/jwks", status="200") == 2
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        endings = [process.wait(30) for process in processes]
    assert set(endings) <= {0, -signal.SIGTERM}
