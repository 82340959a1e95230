"""Events as metrics: read back by the library's own parser, from one process and from several."""

import secrets
import subprocess
import sys
from pathlib import Path
from typing import get_args

from prometheus_client.parser import text_string_to_metric_families

from watchword import telemetry
from watchword.events import (
    GrantRevoked,
    KeyActivated,
    LoginFailed,
    LoginSucceeded,
    LogLineDropped,
    Measured,
    RequestAnswered,
    ReuseDetected,
    StreamEnded,
    TokenIssued,
    TransactionEnded,
)
from watchword.issuer.grants import GRANTS
from watchword.jose.algorithms import ASYMMETRIC
from watchword.oauth import errors
from watchword.server.metrics import Meter
from watchword.store.repositories.journal import JournalKind
from watchword.store.repositories.signing_keys import Purpose

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]

WORKER = """
import sys
from pathlib import Path
from watchword import telemetry
from watchword.events import Measured, RequestAnswered
from watchword.server.metrics import Meter
meter = Meter(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    meter.emit(RequestAnswered(0, "POST", "/token", 200, 0.004))
meter.emit(Measured(0, telemetry.STREAMS_OPEN.name, 3.0))
print("counted", flush=True)
sys.stdin.read()
sys.stdout.buffer.write(meter.exposition())
"""


def series(text: bytes) -> Series:
    found: Series = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def everything(meter: Meter, text: str) -> None:
    """One event of each kind, saying ``text`` wherever an event says anything a stranger could choose."""
    meter.emit(TokenIssued(0, text, text, text))
    meter.emit(LoginSucceeded(0, text))
    meter.emit(LoginFailed(0, text))
    meter.emit(GrantRevoked(0, text, text))
    meter.emit(ReuseDetected(0, text, text))
    meter.emit(KeyActivated(0, text, text))
    meter.emit(StreamEnded(0, text))
    meter.emit(LogLineDropped(0, text))
    meter.emit(TransactionEnded(0, text, 0.1, 0.1, text))
    meter.emit(RequestAnswered(0, text, "/token", 400, 0.1, text))
    meter.emit(Measured(0, telemetry.JOURNAL_ENTRIES.name, 1.0, (text,)))


def test_o84_whatever_strangers_choose_the_series_stay_the_same() -> None:
    meter = Meter()
    everything(meter, secrets.token_urlsafe(20))
    before = series(meter.exposition()).keys()
    chosen = [secrets.token_urlsafe(20) for _ in range(500)]
    for text in chosen:
        everything(meter, text)
    exposition = meter.exposition()
    assert series(exposition).keys() == before
    assert not any(text.encode() in exposition for text in chosen)


def test_what_happened_is_counted_under_its_name() -> None:
    meter = Meter()
    meter.emit(TokenIssued(0, "refresh_token", "client", "access_token"))
    meter.emit(TokenIssued(0, "refresh_token", "client", "access_token"))
    meter.emit(RequestAnswered(0, "POST", "/token", 400, 0.02, "invalid_grant"))
    meter.emit(RequestAnswered(0, "GET", "/revocation/events", 200, None))
    meter.emit(TransactionEnded(0, "write", 0.3, 0.2, "busy"))
    found = series(meter.exposition())
    issued = (("grant_type", "refresh_token"), ("kind", "access_token"))
    assert found["watchword_tokens_issued_total", issued] == 2
    assert found["watchword_requests_refused_total", (("error", "invalid_grant"), ("route", "/token"))] == 1
    took = "watchword_http_request_duration_seconds_bucket"
    assert found[took, (("le", "0.01"), ("route", "/token"))] == 0
    assert found[took, (("le", "0.025"), ("route", "/token"))] == 1
    assert (took, (("le", "0.025"), ("route", "/revocation/events"))) not in found
    assert found["watchword_database_failures_total", (("kind", "write"), ("reason", "busy"))] == 1
    assert found["watchword_database_wait_duration_seconds_sum", (("kind", "write"),)] == 0.2


def test_several_processes_are_told_as_one(tmp_path: Path) -> None:
    """Counts of one that has ended stay; its gauges go."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in (3, 4)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"counted\n"
        workers[0].kill()
        workers[0].wait()
        forgetting = "from pathlib import Path; from watchword.server.metrics import forget_process as forget\n"
        forgetting += f"forget(Path({str(tmp_path)!r}), {workers[0].pid})"
        subprocess.run([sys.executable, "-c", forgetting], check=True)
        found = series(workers[1].communicate()[0])
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()
    answered = (("method", "POST"), ("route", "/token"), ("status", "200"))
    assert found["watchword_http_requests_total", answered] == 7
    assert found["watchword_streams_open", ()] == 3


def test_the_sets_hold_what_the_code_has() -> None:
    def codes(error: type[errors.OAuthError]) -> set[str]:
        return {error.code}.union(*(codes(one) for one in error.__subclasses__()))

    assert {grant.grant_type for grant in GRANTS} <= set(telemetry.GRANT_TYPES)
    assert set(ASYMMETRIC) == set(telemetry.ALGORITHMS)
    assert set(get_args(Purpose)) == set(telemetry.KEY_PURPOSES)
    assert set(get_args(JournalKind)) == set(telemetry.JOURNAL_KINDS)
    assert codes(errors.OAuthError) <= set(telemetry.ERRORS)


def test_names_are_as_prometheus_wants_them() -> None:
    for metric in telemetry.METRICS:
        assert metric.name.startswith("watchword_")
        assert metric.name.endswith("_total") is (metric.kind == "counter")
        assert metric.kind != "histogram" or metric.name.endswith("_seconds")
