"""What the issuer's process tells its supervisor, once, through a pipe: no secret touches the disk on its way."""

import json
import os
import select
from dataclasses import asdict, dataclass, field
from typing import Any

_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Report:
    """How the start went. ``problems`` is empty when the issuer answers; ``setup`` is the token of the set-up link."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    setup: str | None = field(default=None, repr=False)
    admin: str | None = None
    clients: tuple[dict[str, str], ...] = field(default=(), repr=False)


def send(descriptor: int, report: Report) -> None:
    """Tell ``report`` and close the pipe; a supervisor that is gone is no error."""
    try:
        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(json.dumps(asdict(report)).encode())
    except BrokenPipeError:
        return


class Receiver:
    """The supervisor's end of the pipe."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        self._received = b""

    def close_write(self) -> None:
        """Let go of the end that the child has inherited."""
        os.close(self.write)

    def poll(self, seconds: float) -> Report | None:
        """The report when it has come within ``seconds``; None while it has not.

        Raises:
            EOFError: the child ended without one.
        """
        ready, _, _ = select.select([self._read], [], [], seconds)
        if not ready:
            return None
        part = os.read(self._read, 65536)
        if part and len(self._received) < _LIMIT:
            self._received += part
            return None
        os.close(self._read)
        if not self._received:
            raise EOFError
        return _report(json.loads(self._received))


def _report(record: dict[str, Any]) -> Report:
    listed = {name: tuple(record[name]) for name in ("problems", "notes", "clients")}
    return Report(**{**record, **listed})
