"""Spans of OpenTelemetry, sent by OTLP/HTTP to the endpoint that is configured (the extra ``otel``).

The SDK would take much from the environment and from the machine; here it is told everything. A span carries what
`telemetry.SPAN_ATTRIBUTES` names and nothing else: no exception's text, no query, no path that was typed (O80).
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from watchword import __version__
from watchword.telemetry import SPAN_ATTRIBUTES, SPAN_ERROR, SPAN_HOST, SPAN_METHOD, SPAN_STATUS, Said, SpanKind

# https://www.w3.org/TR/trace-context/#traceparent-header-field-values; `tracestate` is others' and not taken along.
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS = {"server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT}
_WAITING_LIMIT = 4096  # spans; further ones are dropped: a collector that is away costs spans, never requests
_SEND_SECONDS = 5.0


class Tracer:
    """The one who notes, see `watchword.telemetry.Spans`.

    Args:
        endpoint: the URL of the collector's traces, path included.
        percent: how many of a hundred requests are noted, unless a trusted proxy has decided.
    """

    def __init__(self, endpoint: str, *, percent: int = 100) -> None:
        exporter = OTLPSpanExporter(endpoint, timeout=_SEND_SECONDS, compression=Compression.NoCompression, headers={})
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(percent / 100)),
            resource=Resource(
                {
                    "service.name": "watchword",
                    "service.version": __version__,
                    "service.instance.id": secrets.token_hex(8),
                }
            ),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_attributes=len(SPAN_ATTRIBUTES), max_events=0, max_links=0),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_WAITING_LIMIT,
                schedule_delay_millis=2000,
                max_export_batch_size=512,
                export_timeout_millis=_SEND_SECONDS * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("watchword", __version__)

    @contextmanager
    def span(self, name: str, kind: SpanKind, *, parent: str | None = None) -> Iterator[Said]:
        """See `watchword.telemetry.Spans`."""
        said: Said = {}
        with self._tracer.start_as_current_span(
            name,
            context=None if kind == "client" else _context_of(parent),
            kind=_KINDS[kind],
            record_exception=False,  # their texts may hold what a client sent
            set_status_on_exception=False,
        ) as span:
            try:
                yield said
            finally:
                if span.is_recording():
                    _write(span, said)

    @contextmanager
    def fetching(self, method: str, host: str | None) -> Iterator[Said]:
        """See `watchword.telemetry.Spans`."""
        with self.span(f"fetch {method}", "client") as said:
            said[SPAN_METHOD] = method
            if host is not None:
                said[SPAN_HOST] = host
            notes: Said = {"traceparent": _current()}
            try:
                yield notes
            finally:
                if "status" in notes:
                    said[SPAN_STATUS] = notes["status"]
                else:
                    said[SPAN_ERROR] = "unreachable"

    def close(self) -> None:
        """Send what has been noted, for as long as a collector takes at most."""
        self._provider.force_flush(int(_SEND_SECONDS * 1000))
        self._provider.shutdown()


def _current() -> str:
    context = trace.get_current_span().get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _write(span: trace.Span, said: Said) -> None:
    name = said.get("name")
    if isinstance(name, str):
        span.update_name(name)
    for attribute in SPAN_ATTRIBUTES:
        if attribute in said:
            span.set_attribute(attribute, said[attribute])
    if SPAN_ERROR in said:
        span.set_status(StatusCode.ERROR)


def _context_of(parent: str | None) -> Context:
    """Where a request's span belongs: below the one that a trusted proxy names, else nowhere."""
    match = _TRACEPARENT.fullmatch(parent or "")
    if match is None:
        return Context()
    trace_id, span_id, flags = (int(part, 16) for part in match.groups())
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(NonRecordingSpan(context), Context()) if context.is_valid else Context()
