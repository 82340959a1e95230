"""The record of what was done by whom, written inside the transaction that did it (I6)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, desc, insert, select

from watchword.store.identifiers import new_id
from watchword.store.tables import audit

ActorKind = Literal["user", "client", "operator", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a user, a client, the operator at the command line, or the system itself."""

    kind: ActorKind
    id: str | None = None
    correlation_id: str | None = None


SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One effect. ``details`` hold identifiers and names of things, never a secret; ``at`` is UTC epoch seconds."""

    at: float
    actor: Actor
    action: str
    target_kind: str
    target_id: str
    details: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


def record(connection: Connection, entry: AuditEntry) -> None:
    """Write ``entry`` in the caller's transaction."""
    connection.execute(
        insert(audit).values(
            id=entry.id,
            at=entry.at,
            actor_kind=entry.actor.kind,
            actor_id=entry.actor.id,
            action=entry.action,
            target_kind=entry.target_kind,
            target_id=entry.target_id,
            details=dict(entry.details),
            correlation_id=entry.actor.correlation_id,
            salt=secrets.token_hex(16),
        )
    )


def latest(connection: Connection, *, limit: int) -> list[AuditEntry]:
    """The newest ``limit`` entries, newest first."""
    rows = connection.execute(select(audit).order_by(desc(audit.c.at), desc(audit.c.id)).limit(limit))
    return [
        AuditEntry(
            at=row.at,
            actor=Actor(row.actor_kind, row.actor_id, row.correlation_id),
            action=row.action,
            target_kind=row.target_kind,
            target_id=row.target_id,
            details=row.details,
            id=row.id,
        )
        for row in rows
    ]
