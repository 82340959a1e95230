"""Logs as JSON lines on standard error, from an allow-list of fields (O80, O81).

Request lines are logged by the application, which knows the route; uvicorn's own access log, which repeats the query
string, stays off. A traceback is logged as the types and places it passed through, never with the exceptions'
texts, which may hold what a client sent. Messages of other libraries are told by the place they come from: nobody
here has read what they put into their texts.
"""

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

from watchword.telemetry import LOG_FIELDS

_OWN = ("watchword.", "uvicorn.")


class JsonLines(logging.Formatter):
    """One JSON object on one line: time, level, logger, message, and the fields of the allow-list."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        given = record.__dict__
        line.update({name: given[name] for name in LOG_FIELDS if name in given})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = describe(record.exc_info[1])
        return _ENCODER.encode(line)


def _message(record: logging.LogRecord) -> str:
    is_own = record.name.startswith(_OWN) and (record.levelno >= logging.INFO or record.name.startswith("watchword."))
    if is_own:
        return record.getMessage().strip()
    return f"{record.module}.{record.funcName}:{record.lineno}"


def _type_alone(value: object) -> str:
    return type(value).__qualname__


_ENCODER = json.JSONEncoder(ensure_ascii=True, default=_type_alone)  # made once: there is a line for every request


def describe(error: BaseException) -> list[str]:
    """The exception's type and the places it passed, innermost last; no text of its own, no local values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames] + [type(error).__qualname__]


def configuration(level: str = "INFO", *, on_drop: Callable[[str], None] | None = None) -> dict[str, Any]:
    """The logging configuration (``logging.config.dictConfig``) for a server process.

    Args:
        level: from which on Watchword's own lines are written.
        on_drop: see `watchword.server.log_writer.LogWriter`.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "watchword.server.logs.JsonLines"}},
        "filters": {"storm": {"()": "watchword.server.log_writer.Storm", "on_drop": on_drop}},
        "handlers": {
            "stderr": {
                "()": "watchword.server.log_writer.LogWriter",
                "formatter": "json",
                "filters": ["storm"],
                "on_drop": on_drop,
            },
        },
        # At DEBUG libraries are heard too; of them only the places are told, see `_message`.
        "root": {"handlers": ["stderr"], "level": "DEBUG" if level == "DEBUG" else "WARNING"},
        "loggers": {
            "watchword": {"level": level},
            "uvicorn": {"level": level},
            "uvicorn.access": {"level": "CRITICAL", "propagate": False},
        },
    }
