"""Roles: names that users and clients hold and that tokens carry."""

from sqlalchemy import Connection, delete, select

from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import role_assignments


def roles_of(connection: Connection, subject_id: str) -> tuple[str, ...]:
    """The roles of a user or a client, in alphabetical order."""
    held = select(role_assignments.c.role).where(role_assignments.c.subject_id == subject_id)
    # Sorted here: databases disagree about the order of letters.
    return tuple(sorted(connection.execute(held).scalars()))


def assign(connection: Connection, subject_id: str, role: str, *, now: float) -> None:
    """Let the subject hold ``role``; holding it already is no error."""
    insert_absent(connection, role_assignments, [{"subject_id": subject_id, "role": role, "assigned_at": now}])


def remove(connection: Connection, subject_id: str, role: str) -> None:
    """Take ``role`` away; not holding it is no error."""
    connection.execute(
        delete(role_assignments).where(role_assignments.c.subject_id == subject_id, role_assignments.c.role == role)
    )
