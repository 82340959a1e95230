"""What happened, for whoever listens: metrics, logs, later webhooks.

Events are told after the transaction that caused them has been committed; the audit table, written inside
that transaction, is the record. An event holds identifiers, never a token, a code, a password or an e-mail.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``at`` is UTC epoch seconds."""

    at: float


@dataclass(frozen=True, slots=True)
class TokenIssued(Event):
    grant_type: str
    client_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class LoginSucceeded(Event):
    user_id: str


@dataclass(frozen=True, slots=True)
class LoginFailed(Event):
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRevoked(Event):
    grant_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReuseDetected(Event):
    grant_id: str
    artefact: str


@dataclass(frozen=True, slots=True)
class KeyActivated(Event):
    kid: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class RequestAnswered(Event):
    """``route`` is the template; ``error`` the code of what was wrong, None when nothing was.

    ``seconds`` is None where the answer's length says nothing, as that of an event stream.
    """

    method: str
    route: str
    status: int
    seconds: float | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionEnded(Event):
    """``kind`` is read or write; ``waited`` the seconds before its first statement, None when it had none."""

    kind: str
    seconds: float
    waited: float | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class StreamEnded(Event):
    reason: str


@dataclass(frozen=True, slots=True)
class LogLineDropped(Event):
    reason: str


@dataclass(frozen=True, slots=True)
class Measured(Event):
    """A quantity as it stands now: ``name`` is that of a gauge in `watchword.telemetry`."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


class EventSink(Protocol):
    """Whoever wants to know. Must return quickly and never raise."""

    def emit(self, event: Event) -> None: ...


class NoSink:
    """Nobody listens."""

    def emit(self, event: Event) -> None:
        del event
