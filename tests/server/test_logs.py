"""Logs: one JSON object on one line, from an allow-list (O80, O81)."""

import json
import logging
import logging.config
import sys
from typing import Any

import pytest

from watchword.server.logs import JsonLines, configuration


def line(message: str, *args: Any, **extra: Any) -> tuple[str, dict[str, Any]]:
    record = logging.getLogger("watchword.test").makeRecord(
        "watchword.test", logging.WARNING, "file.py", 1, message, args, None, extra=extra
    )
    text = JsonLines().format(record)
    return text, json.loads(text)


def test_only_fields_of_the_allow_list_are_written() -> None:
    text, record = line("request", method="GET", route="/token", status=200, query="canary-7f3a", token="canary-7f3a")
    assert record["route"] == "/token"
    assert "canary" not in text


@pytest.mark.parametrize("text", ["a\r\nINFO forged", "\x1b[31mred", "\u202eturned", "\u2028next"])
def test_nothing_breaks_out_of_its_line(text: str) -> None:
    written, record = line("%s", text)
    assert record["message"] == text.strip()
    assert written.isascii()
    assert written.isprintable()


def test_a_traceback_names_places_and_no_values() -> None:
    try:
        raise ValueError("canary-7f3a")  # noqa: TRY301  it is the traceback that is looked at
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    text = JsonLines().format(record)
    assert "canary" not in text
    assert json.loads(text)["exception"][-1] == "ValueError"
    assert any("test_logs.py" in place for place in json.loads(text)["exception"])


def test_the_configuration_can_be_used_and_uvicorns_access_log_is_off() -> None:
    chosen = configuration()
    logging.config.DictConfigurator(chosen)
    assert chosen["loggers"]["uvicorn.access"] == {"level": "CRITICAL", "propagate": False}
