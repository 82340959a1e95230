"""Names of metrics, spans and log fields, so that a dashboard and the code cannot drift apart."""

# Fields that a log line may carry. Anything else is dropped: a log line can not leak what it can not name (O80).
LOG_FIELDS = (
    "at",
    "level",
    "logger",
    "event",
    "method",
    "route",
    "status",
    "duration_ms",
    "correlation_id",
    "error",
    "detail",
    "client_id",
    "kid",
    "algorithm",
    "exception",
)
