"""Who is told what a server process does, as its settings say: nothing is loaded for what nobody asked for."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.clock import SystemClock
from watchword.config import Settings
from watchword.events import EventSink, LogLineDropped
from watchword.telemetry import Spans

if TYPE_CHECKING:
    from watchword.server.management import Management


@dataclass(frozen=True, slots=True)
class Told:
    """What `watchword.wiring.open_issuer` and `watchword.server.run.serve` are given; None: nobody listens."""

    events: EventSink | None = None
    spans: Spans | None = None
    management: "Management | None" = None
    on_log_drop: Callable[[str], None] | None = None


def missing_extras(settings: Settings) -> list[str]:
    """What is asked for and not installed, one sentence each."""
    problems = []
    if settings.server.management_port is not None and importlib.util.find_spec("prometheus_client") is None:
        problems.append("server.management_port needs the extra `metrics`: pip install 'watchword[server,metrics]'")
    if settings.telemetry.traces_endpoint is not None and not _has_opentelemetry():
        problems.append("telemetry.traces_endpoint needs the extra `otel`: pip install 'watchword[server,otel]'")
    return problems


def _has_opentelemetry() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


@contextmanager
def telling(settings: Settings, metrics_directory: Path | None = None) -> Iterator[Told]:
    """Everybody who is told, until the process has served.

    Args:
        settings: say who.
        metrics_directory: where several processes of one issuer keep their numbers; see `watchword.server.metrics`.
    """
    server = settings.server
    with ExitStack() as stack:
        spans = stack.enter_context(_tracing(settings)) if settings.telemetry.traces_endpoint is not None else None
        if server.management_port is None:
            yield Told(spans=spans)
            return
        from watchword.server.management import Management  # noqa: PLC0415  loaded when somebody asks for it
        from watchword.server.metrics import Meter  # noqa: PLC0415

        meter, clock = Meter(metrics_directory), SystemClock()
        management = Management(
            server.management_listen,
            server.management_port,
            meter.exposition,
            server.management_token,
            shared=metrics_directory is not None,
        )
        yield Told(meter, spans, management, lambda reason: meter.emit(LogLineDropped(clock.now(), reason)))


@contextmanager
def _tracing(settings: Settings) -> Iterator[Spans]:
    from watchword.server.tracing import Tracer  # noqa: PLC0415  loaded when somebody asks for it

    assert settings.telemetry.traces_endpoint is not None
    tracer = Tracer(settings.telemetry.traces_endpoint, percent=settings.telemetry.trace_percent)
    try:
        yield tracer
    finally:
        tracer.close()
