"""What an HTTP client of any make got back, as an `Answer`."""

import json
from collections.abc import Iterable

from tests.frameworks.protected_api import Answer


def http_answer(status: int, headers: Iterable[tuple[str, str]], body: str) -> Answer:
    """The answer; its body is read if it is JSON."""
    listed = [(name.lower(), value) for name, value in headers]
    told = dict(listed)
    parsed = json.loads(body) if told.get("content-type", "").startswith("application/json") else None
    return Answer(status, told, parsed, f"{listed}{body}")
