"""Which fake issuer answers at an address: several may live under one origin, as tenants and realms do."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process

Answerer = Callable[[InProcessRequest], InProcessAnswer | None]
NOT_FOUND = InProcessAnswer(404, {"content-type": "application/json"}, b'{"error": "not_found"}')


@dataclass
class _Line:
    """One origin."""

    opened: AbstractContextManager[None]
    answerers: list[Answerer] = field(default_factory=list)


_lock = threading.RLock()
_lines: dict[str, _Line] = {}


def connect(origin: str, answerer: Answerer) -> None:
    """Let ``answerer`` be asked about what is sent to ``origin``; None from it lets the next one be asked.

    Raises:
        ValueError: not an origin, or somebody who is no fake issuer answers for it.
    """
    with _lock:
        line = _lines.get(origin)
        if line is None:
            line = _Line(danger_answer_in_process(origin, lambda request: _answer(origin, request)))
            line.opened.__enter__()
            _lines[origin] = line
        if answerer not in line.answerers:
            line.answerers.append(answerer)


def disconnect(answerer: Answerer) -> None:
    """Ask ``answerer`` no more. An origin without any is the network's again."""
    with _lock:
        for origin, line in list(_lines.items()):
            if answerer in line.answerers:
                line.answerers.remove(answerer)
                if not line.answerers:
                    del _lines[origin]
                    line.opened.__exit__(None, None, None)


def _answer(origin: str, request: InProcessRequest) -> InProcessAnswer:
    with _lock:
        line = _lines.get(origin)
        answerers = [] if line is None else list(reversed(line.answerers))
    for answerer in answerers:
        answer = answerer(request)
        if answer is not None:
            return answer
    return NOT_FOUND
