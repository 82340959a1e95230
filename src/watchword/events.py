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


class EventSink(Protocol):
    """Whoever wants to know. Must return quickly and never raise."""

    def emit(self, event: Event) -> None: ...


class NoSink:
    """Nobody listens."""

    def emit(self, event: Event) -> None:
        del event
