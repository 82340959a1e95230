"""What was done by whom, a page at a time, with the names of whom and what it was done to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.admin.desk import AdminDesk
from watchword.store.repositories import apis, audit, clients, users
from watchword.store.repositories.audit import AuditEntry

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows; None leaves a member open.

    Args:
        action: what was done.
        actor: the id of who did it, or a user's name or e-mail address.
        target: the same of what it was done to.
        before: the id of the row after which to go on.
    """

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """Audit rows, newest first.

    Args:
        entries: the rows.
        names: how to call the users, clients and APIs in them, by id.
        has_older: whether there are more.
    """

    entries: tuple[AuditEntry, ...]
    names: Mapping[str, str]
    has_older: bool = False


async def read_trail(desk: AdminDesk, wanted: Wanted) -> Trail:
    """A page of audit rows."""

    def job(connection: Connection) -> Trail:
        actor, target = _user_id(connection, wanted.actor), _user_id(connection, wanted.target)
        found = audit.find(
            connection,
            action=wanted.action,
            actor_id=actor,
            target_id=target,
            before=wanted.before,
            limit=PAGE + 1,
        )
        return Trail(tuple(found[:PAGE]), names_in(connection, found[:PAGE]), len(found) > PAGE)

    return await desk.store.read(job)


def _user_id(connection: Connection, typed: str | None) -> str | None:
    """The id of the user who is called that, or what was typed: the id of anything."""
    user = None if typed is None else users.find_by_identifier(connection, typed)
    return typed if user is None else user.id


def history(connection: Connection, target_id: str, *, limit: int) -> Trail:
    """The newest rows about one thing."""
    found = audit.find(connection, target_id=target_id, limit=limit + 1)
    return Trail(tuple(found[:limit]), names_in(connection, found[:limit]), len(found) > limit)


def newest(connection: Connection, *, limit: int) -> Trail:
    """The newest rows of all."""
    found = audit.latest(connection, limit=limit)
    return Trail(tuple(found), names_in(connection, found))


def names_in(connection: Connection, entries: Sequence[AuditEntry]) -> dict[str, str]:
    """How to call those who act and those acted upon; a statement for each kind that occurs."""
    named = {(entry.target_kind, entry.target_id) for entry in entries}
    named |= {(entry.actor.kind, entry.actor.id) for entry in entries if entry.actor.id is not None}
    names: dict[str, str] = {}
    for kind, look_up in (("user", users.labels), ("client", clients.names), ("api", apis.names)):
        ids = sorted(one for of_kind, one in named if of_kind == kind)
        if ids:
            names.update(look_up(connection, ids))
    return names
