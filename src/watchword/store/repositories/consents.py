"""Consents: what a user has allowed a client to ask for, until they withdraw it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import consents


@dataclass(frozen=True, slots=True)
class Consent:
    """What ``user_id`` allowed ``client_id``. ``granted_at`` is UTC epoch seconds."""

    user_id: str
    client_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    granted_at: float

    def covers(self, scopes: Iterable[str], resources: Iterable[str]) -> bool:
        """Whether everything asked for now has been allowed before."""
        return set(scopes) <= set(self.scopes) and set(resources) <= set(self.resources)


def find(connection: Connection, user_id: str, client_id: str) -> Consent | None:
    """What the user has allowed the client, if anything."""
    row = connection.execute(_of(user_id, client_id)).one_or_none()
    return _consent(row) if row is not None else None


def remember(
    connection: Connection,
    *,
    user_id: str,
    client_id: str,
    scopes: Iterable[str],
    resources: Iterable[str],
    now: float,
) -> Consent:
    """Add to what the user has allowed the client; of two at once, neither is lost."""
    nothing: list[str] = []
    insert_absent(
        connection,
        consents,
        [{"user_id": user_id, "client_id": client_id, "scopes": nothing, "resources": nothing, "granted_at": now}],
    )
    before = _consent(connection.execute(_of(user_id, client_id).with_for_update()).one())
    after = Consent(
        user_id=user_id,
        client_id=client_id,
        scopes=tuple(sorted({*before.scopes, *scopes})),
        resources=tuple(sorted({*before.resources, *resources})),
        granted_at=now,
    )
    connection.execute(
        update(consents)
        .where(consents.c.user_id == user_id, consents.c.client_id == client_id)
        .values(scopes=list(after.scopes), resources=list(after.resources), granted_at=now)
    )
    return after


def withdraw(connection: Connection, user_id: str, client_id: str) -> bool:
    """Forget what the user allowed the client; whether there was anything. The caller revokes the grants."""
    gone = connection.execute(
        delete(consents)
        .where(consents.c.user_id == user_id, consents.c.client_id == client_id)
        .returning(consents.c.client_id)
    )
    return gone.first() is not None


def _of(user_id: str, client_id: str) -> Any:
    return select(consents).where(consents.c.user_id == user_id, consents.c.client_id == client_id)


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        user_id=row.user_id,
        client_id=row.client_id,
        scopes=tuple(row.scopes),
        resources=tuple(row.resources),
        granted_at=row.granted_at,
    )
