"""Mail that was written, newest first, until it expires."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, desc, insert, select

from watchword.store.tables import outbox


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, plain text. ``purpose`` says what it is for; times are UTC epoch seconds."""

    id: str
    user_id: str | None
    recipient: str
    purpose: str
    subject: str
    body: str = field(repr=False)
    created_at: float
    expires_at: float


def create(connection: Connection, mail: Mail) -> None:
    """Write ``mail``."""
    connection.execute(insert(outbox).values({name: getattr(mail, name) for name in Mail.__dataclass_fields__}))


def find(connection: Connection, mail_id: str, *, now: float) -> Mail | None:
    """The message of that id, unless it has expired; None when there is none."""
    row = connection.execute(select(outbox).where(outbox.c.id == mail_id, outbox.c.expires_at > now)).first()
    return None if row is None else _mail(row)


def latest(connection: Connection, *, now: float, limit: int) -> list[Mail]:
    """The newest messages that have not expired."""
    order = (desc(outbox.c.created_at), desc(outbox.c.id))
    rows = connection.execute(select(outbox).where(outbox.c.expires_at > now).order_by(*order).limit(limit))
    return [_mail(row) for row in rows]


def forget_expired(connection: Connection, *, now: float) -> None:
    """Remove messages that have expired."""
    connection.execute(delete(outbox).where(outbox.c.expires_at <= now))


def _mail(row: Row[Any]) -> Mail:
    return Mail(**{name: getattr(row, name) for name in Mail.__dataclass_fields__})
