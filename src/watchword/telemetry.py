"""Names of metrics, spans and log fields, so that a dashboard and the code cannot drift apart.

A label takes its values from a closed set: whatever a stranger can choose (client ids, user names, paths, tokens) can
neither leak through a metric nor multiply its series (O84).
"""

from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

# Fields that a log line may carry besides its time, level, logger and message. Anything else is dropped: a log line
# cannot leak what it cannot name (O80). `error` is a stable code, `exception` a type and the places it passed.
LOG_FIELDS = (
    "event",
    "method",
    "route",
    "status",
    "duration_ms",
    "correlation_id",
    "error",
    "exception",
    "suppressed",
)

Kind = Literal["counter", "gauge", "histogram"]
# How the processes of one issuer are told as one: the words of prometheus_client.
Together = Literal["livesum", "livemin", "livemax", "livemostrecent"]

OTHER = "other"

GRANT_TYPES = ("authorization_code", "client_credentials", "refresh_token")
TOKEN_KINDS = ("access_token", "id_token", "refresh_token")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
SIGN_IN_OUTCOMES = (
    "succeeded",
    "unknown_user",
    "wrong_password",
    "not_active",
    "unusable_hash",
    "throttled",
    "overloaded",
)
ARTEFACTS = ("authorization_code", "refresh_token")
REVOCATION_REASONS = ("code_reuse", "refresh_token_reuse", "revoked_by_client")
ALGORITHMS = (
    *("ES256", "ES384", "ES512", "Ed25519", "Ed448", "EdDSA", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
)
KEY_PURPOSES = ("token", "feed")
JOURNAL_KINDS = ("token", "grant", "session", "key", "subject", "client", "all")
STREAM_ENDINGS = ("reader", "age", "credentials", "stopping", "refused")
TRANSACTIONS = ("read", "write")
DATABASE_FAILURES = ("busy", "unavailable", "error")
LOG_LOSSES = ("storm", "blocked")
ERRORS = (
    "access_denied",
    "account_selection_required",
    "consent_required",
    "insufficient_scope",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "method_not_allowed",
    "misdirected_request",
    "not_acceptable",
    "not_found",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "snapshot_required",
    "snapshot_too_long",
    "temporarily_unavailable",
    "time_unsupported",
    "too_many_streams",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
)
# Templates of the routes and HTTP statuses: closed by the code that answers, which is where they come from.
ANY: tuple[str, ...] = ()

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``labels`` says which values each takes; `ANY` is left to the code that answers requests."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    together: Together = "livesum"

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.labels)

    def values(self, *given: str) -> tuple[str, ...]:
        """``given``, with `OTHER` for what is in none of the sets."""
        pairs = zip(self.labels, given, strict=True)
        return tuple(value if not known or value in known else OTHER for (_, known), value in pairs)


TOKENS_ISSUED = Metric(
    "watchword_tokens_issued_total",
    "counter",
    "tokens handed out",
    (("grant_type", GRANT_TYPES), ("kind", TOKEN_KINDS)),
)
REQUESTS = Metric(
    "watchword_http_requests_total",
    "counter",
    "requests answered, by the template of their route",
    (("method", METHODS), ("route", ANY), ("status", ANY)),
)
REQUEST_DURATION = Metric(
    "watchword_http_request_duration_seconds",
    "histogram",
    "from a request's head to the end of its answer; event streams are left out",
    (("route", ANY),),
)
REFUSED = Metric(
    "watchword_requests_refused_total",
    "counter",
    "requests answered with an error, by its code",
    (("route", ANY), ("error", ERRORS)),
)
SIGN_INS = Metric("watchword_sign_ins_total", "counter", "attempts to sign in", (("outcome", SIGN_IN_OUTCOMES),))
REUSE_DETECTED = Metric(
    "watchword_reuse_detected_total",
    "counter",
    "codes and refresh tokens that came a second time: somebody has a copy",
    (("artefact", ARTEFACTS),),
)
GRANTS_REVOKED = Metric(
    "watchword_grants_revoked_total",
    "counter",
    "grants that ended at the token and revocation endpoints; the journal counts every withdrawal",
    (("reason", REVOCATION_REASONS),),
)
KEYS_ACTIVATED = Metric(
    "watchword_keys_activated_total", "counter", "signing keys that began to sign", (("algorithm", ALGORITHMS),)
)
KEY_ROTATION_DUE = Metric(
    "watchword_key_rotation_due_seconds",
    "gauge",
    "until the active key's successor is due to take over; below zero: overdue",
    (("purpose", KEY_PURPOSES), ("algorithm", ALGORITHMS)),
    "livemostrecent",
)
JOURNAL_SEQUENCE = Metric(
    "watchword_journal_sequence",
    "gauge",
    "the journal's last sequence number, one for each withdrawal, whoever made it",
    together="livemax",
)
JOURNAL_ENTRIES = Metric(
    "watchword_journal_entries",
    "gauge",
    "entries of the journal that may still refuse a token",
    (("kind", JOURNAL_KINDS),),
    "livemostrecent",
)
JOURNAL_HEAD_AGE = Metric(
    "watchword_journal_head_age_seconds",
    "gauge",
    "since the journal's last entry was written; absent while it is empty",
    together="livemin",
)
STREAMS_OPEN = Metric("watchword_streams_open", "gauge", "event streams that are open")
STREAMS_ENDED = Metric(
    "watchword_streams_ended_total",
    "counter",
    "event streams that ended, and those refused because there were too many",
    (("reason", STREAM_ENDINGS),),
)
DATABASE_DURATION = Metric(
    "watchword_database_transaction_duration_seconds",
    "histogram",
    "transactions, from asking for one to its commit",
    (("kind", TRANSACTIONS),),
)
DATABASE_WAIT = Metric(
    "watchword_database_wait_duration_seconds",
    "histogram",
    "the part of it before the first statement: waiting for a connection or a thread",
    (("kind", TRANSACTIONS),),
)
DATABASE_FAILURES_TOTAL = Metric(
    "watchword_database_failures_total",
    "counter",
    "transactions the database did not carry out",
    (("kind", TRANSACTIONS), ("reason", DATABASE_FAILURES)),
)
PASSWORDS_PENDING = Metric(
    "watchword_password_hashes_pending", "gauge", "passwords that are being hashed or wait for it"
)
CLOCK_OFFSET = Metric(
    "watchword_clock_offset_seconds",
    "gauge",
    "how far this machine's clock is from the database's",
    together="livemax",
)
LEADER = Metric("watchword_leader", "gauge", "processes that lead: 1 for each installation")
READY = Metric("watchword_ready", "gauge", "1 while every check of readiness holds", together="livemin")
LOG_LINES_DROPPED = Metric(
    "watchword_log_lines_dropped_total",
    "counter",
    "log lines that were not written",
    (("reason", LOG_LOSSES),),
)

METRICS = (
    TOKENS_ISSUED,
    REQUESTS,
    REQUEST_DURATION,
    REFUSED,
    SIGN_INS,
    REUSE_DETECTED,
    GRANTS_REVOKED,
    KEYS_ACTIVATED,
    KEY_ROTATION_DUE,
    JOURNAL_SEQUENCE,
    JOURNAL_ENTRIES,
    JOURNAL_HEAD_AGE,
    STREAMS_OPEN,
    STREAMS_ENDED,
    DATABASE_DURATION,
    DATABASE_WAIT,
    DATABASE_FAILURES_TOTAL,
    PASSWORDS_PENDING,
    CLOCK_OFFSET,
    LEADER,
    READY,
    LOG_LINES_DROPPED,
)

# Attributes that a span may carry, by their names in OpenTelemetry's semantic conventions where those have one:
# https://opentelemetry.io/docs/specs/semconv/http/http-spans/
SPAN_METHOD = "http.request.method"
SPAN_ROUTE = "http.route"
SPAN_STATUS = "http.response.status_code"
SPAN_ERROR = "error.type"
SPAN_CORRELATION = "watchword.correlation_id"
SPAN_DATABASE = "db.system.name"
SPAN_TRANSACTION = "db.operation.name"
SPAN_HOST = "server.address"
SPAN_ATTRIBUTES = (
    SPAN_METHOD,
    SPAN_ROUTE,
    SPAN_STATUS,
    SPAN_ERROR,
    SPAN_CORRELATION,
    SPAN_DATABASE,
    SPAN_TRANSACTION,
    SPAN_HOST,
)
SpanKind = Literal["server", "client"]
Said = MutableMapping[str, str | int]


class Spans(Protocol):
    """Who notes what lies inside what. Must return quickly and never raise."""

    def span(self, name: str, kind: SpanKind, *, parent: str | None = None) -> AbstractContextManager[Said]:
        """A span around what is done inside; what is put into the mapping becomes its attributes.

        Args:
            name: what is done; for a request it may be said better by the key ``name`` when it is known.
            kind: answering others, or asking them.
            parent: a W3C ``traceparent`` of somebody who is trusted.
        """
        ...

    def fetching(self, method: str, host: str | None) -> AbstractContextManager[Said]:
        """A span around one outbound exchange, see `watchword.fetch.watching.Watcher`."""
        ...


class NoSpans:
    """Nobody traces."""

    @contextmanager
    def span(self, name: str, kind: SpanKind, *, parent: str | None = None) -> Iterator[Said]:
        del name, kind, parent
        yield {}

    @contextmanager
    def fetching(self, method: str, host: str | None) -> Iterator[Said]:
        del method, host
        yield {}
