"""Roles: names that users and clients hold and that tokens carry."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from watchword.store.prepared import Prepared
from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import role_assignments, users

_HELD = Prepared(select(role_assignments.c.role).where(role_assignments.c.subject_id == bindparam("wanted")))


def roles_of(connection: Connection, subject_id: str) -> tuple[str, ...]:
    """The roles of a user or a client, in alphabetical order."""
    # Sorted here: databases disagree about the order of letters.
    return tuple(sorted(row.role for row in _HELD.all(connection, {"wanted": subject_id})))


def roles_of_each(connection: Connection, subject_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The roles of several subjects by their id; who holds none is not among them."""
    table = role_assignments
    rows = connection.execute(select(table.c.subject_id, table.c.role).where(table.c.subject_id.in_(subject_ids)))
    held: dict[str, list[str]] = {}
    for row in rows:
        held.setdefault(row.subject_id, []).append(row.role)
    return {subject_id: tuple(sorted(names)) for subject_id, names in held.items()}


def has_active_holder(connection: Connection, role: str, *, besides: str) -> bool:
    """Whether a user who can sign in, active and with a password, holds ``role``, other than the one ``besides``."""
    held = (
        select(users.c.id)
        .join(role_assignments, role_assignments.c.subject_id == users.c.id)
        .where(
            role_assignments.c.role == role,
            users.c.status == "active",
            users.c.password_hash.is_not(None),
            users.c.id != besides,
        )
    )
    return connection.execute(held.limit(1)).first() is not None


def assign(connection: Connection, subject_id: str, role: str, *, now: float) -> None:
    """Let the subject hold ``role``; holding it already is no error."""
    insert_absent(connection, role_assignments, [{"subject_id": subject_id, "role": role, "assigned_at": now}])


def remove(connection: Connection, subject_id: str, role: str) -> None:
    """Take ``role`` away; not holding it is no error."""
    connection.execute(
        delete(role_assignments).where(role_assignments.c.subject_id == subject_id, role_assignments.c.role == role)
    )
