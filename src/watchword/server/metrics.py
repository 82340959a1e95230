"""Events become metrics in the text format of Prometheus, by its own client library (the extra ``metrics``).

One process counts in memory. Several count in files of one private directory, which whoever is scraped adds up
(https://prometheus.github.io/client_python/multiprocess/). What is a label and what it may be stands in
`watchword.telemetry`; a value that is in no set counts as ``other``.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchword import telemetry
from watchword.config import share_metrics_directory
from watchword.events import (
    Event,
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
from watchword.telemetry import Metric

if TYPE_CHECKING:
    from collections.abc import Callable

_GAUGES = {metric.name: metric for metric in telemetry.METRICS if metric.kind == "gauge"}


class Meter:
    """An event sink that counts.

    Args:
        directory: where processes of one issuer keep their numbers, empty when the first of them starts; None: this
            process is the only one.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        if directory is not None:
            share_metrics_directory(directory)  # the library looks there when it is imported
        import prometheus_client  # noqa: PLC0415  an extra, and its mode is decided by the line above

        self._library = prometheus_client
        self._registry = prometheus_client.CollectorRegistry(auto_describe=False)
        self._made = {metric.name: self._make(metric) for metric in telemetry.METRICS}
        self._children: dict[tuple[str, ...], Any] = {}
        self._lock = threading.Lock()
        self._tell: dict[type[Event], Callable[[Any], None]] = {
            RequestAnswered: self._request,
            TransactionEnded: self._transaction,
            TokenIssued: lambda event: self._count(telemetry.TOKENS_ISSUED, event.grant_type, event.kind),
            LoginSucceeded: lambda _: self._count(telemetry.SIGN_INS, "succeeded"),
            LoginFailed: lambda event: self._count(telemetry.SIGN_INS, event.reason),
            ReuseDetected: lambda event: self._count(telemetry.REUSE_DETECTED, event.artefact),
            GrantRevoked: lambda event: self._count(telemetry.GRANTS_REVOKED, event.reason),
            KeyActivated: lambda event: self._count(telemetry.KEYS_ACTIVATED, event.algorithm),
            StreamEnded: lambda event: self._count(telemetry.STREAMS_ENDED, event.reason),
            LogLineDropped: lambda event: self._count(telemetry.LOG_LINES_DROPPED, event.reason),
            Measured: self._measured,
        }

    def emit(self, event: Event) -> None:
        """Count ``event``; one that no metric is made of is let go."""
        tell = self._tell.get(type(event))
        if tell is not None:
            tell(event)

    def exposition(self) -> bytes:
        """Every number, this process's or all processes' together."""
        if self._directory is None:
            return self._library.generate_latest(self._registry)
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415  an extra

        registry = self._library.CollectorRegistry()
        MultiProcessCollector(registry, str(self._directory))  # type: ignore[no-untyped-call]  # the library's
        return self._library.generate_latest(registry)

    def _make(self, metric: Metric) -> Any:
        if metric.kind == "counter":
            return self._library.Counter(metric.name, metric.meaning, metric.label_names, registry=self._registry)
        if metric.kind == "histogram":
            return self._library.Histogram(
                metric.name, metric.meaning, metric.label_names, registry=self._registry, buckets=telemetry.FAST
            )
        return self._library.Gauge(
            metric.name,
            metric.meaning,
            metric.label_names,
            registry=self._registry,
            multiprocess_mode=metric.together,
        )

    def _of(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        """The series; remembered, because finding one costs more than counting."""
        key = (metric.name, *metric.values(*labels))
        child = self._children.get(key)
        if child is None:
            with self._lock:
                made = self._made[metric.name]
                child = self._children.setdefault(key, made.labels(*key[1:]) if metric.labels else made)
        return child

    def _count(self, metric: Metric, *labels: str) -> None:
        self._of(metric, labels).inc()

    def _request(self, event: RequestAnswered) -> None:
        self._of(telemetry.REQUESTS, (event.method, event.route, str(event.status))).inc()
        if event.seconds is not None:
            self._of(telemetry.REQUEST_DURATION, (event.route,)).observe(event.seconds)
        if event.error is not None:
            self._of(telemetry.REFUSED, (event.route, event.error)).inc()

    def _transaction(self, event: TransactionEnded) -> None:
        self._of(telemetry.DATABASE_DURATION, (event.kind,)).observe(event.seconds)
        if event.waited is not None:
            self._of(telemetry.DATABASE_WAIT, (event.kind,)).observe(event.waited)
        if event.failure is not None:
            self._of(telemetry.DATABASE_FAILURES_TOTAL, (event.kind, event.failure)).inc()

    def _measured(self, event: Measured) -> None:
        self._of(_GAUGES[event.name], event.labels).set(event.value)


def forget_process(directory: Path, pid: int) -> None:
    """Leave a process that has ended out of the gauges; what it counted stays counted."""
    share_metrics_directory(directory)
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415  an extra

    mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]  # the library's
