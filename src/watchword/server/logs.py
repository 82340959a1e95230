"""Logs as JSON lines on standard error, from an allow-list of fields (O80, O81).

Request lines are logged by the application, which knows the route; uvicorn's own access log, which repeats the query
string, stays off. A traceback is logged as the types and places it passed through, never with the exceptions'
texts, which may hold what a client sent.
"""

import json
import logging
import traceback
from typing import Any

FIELDS = ("method", "route", "status", "duration_ms", "correlation_id", "event", "code", "exception")


class JsonLines(logging.Formatter):
    """One JSON object on one line: time, level, logger, message, and the fields of the allow-list."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().strip(),
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, default=str)


def describe(error: BaseException) -> list[str]:
    """The exception's type and the places it passed, innermost last; no text of its own, no local values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames] + [type(error).__qualname__]


def configuration(level: str = "INFO") -> dict[str, Any]:
    """The logging configuration (``logging.config.dictConfig``) for a server process."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "watchword.server.logs.JsonLines"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "watchword": {"level": level},
            "uvicorn": {"level": level},
            "uvicorn.access": {"level": "CRITICAL", "propagate": False},
        },
    }
