"""The record of what was done by whom, written inside the transaction that did it (I6)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, desc, insert, select

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
    return find(connection, limit=limit)


def find(
    connection: Connection,
    *,
    action: str | None = None,
    actor_id: str | None = None,
    target_id: str | None = None,
    before: str | None = None,
    limit: int,
) -> list[AuditEntry]:
    """Entries, newest first.

    Args:
        connection: the caller's transaction.
        action: only this action.
        actor_id: only what this user or client did.
        target_id: only what was done to this.
        before: only what is older than the entry of that id; nothing when there is no such entry.
        limit: how many at most.
    """
    statement = select(audit).order_by(desc(audit.c.at), desc(audit.c.id)).limit(limit)
    for column, value in ((audit.c.action, action), (audit.c.actor_id, actor_id), (audit.c.target_id, target_id)):
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        last = select(audit.c.at, audit.c.id).where(audit.c.id == before).subquery()
        is_older = (audit.c.at < last.c.at) | ((audit.c.at == last.c.at) & (audit.c.id < last.c.id))
        statement = statement.join(last, is_older)
    return [_entry(row) for row in connection.execute(statement)]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        actor=Actor(row.actor_kind, row.actor_id, row.correlation_id),
        action=row.action,
        target_kind=row.target_kind,
        target_id=row.target_id,
        details=row.details,
        id=row.id,
    )
