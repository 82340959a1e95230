"""Changes to a user who is there: let in again, and roles given and taken away."""

from sqlalchemy import Connection

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.admin.users import ADMIN_ROLE, find, keep_an_admin, role_problems
from watchword.issuer.revocation import withdraw
from watchword.store.repositories import roles, users
from watchword.store.repositories.audit import record


async def enable_user(desk: AdminDesk, who: str) -> None:
    """Let a disabled user sign in again; what they held stays refused.

    Raises:
        UnknownError: there is no such user.
        InvalidRequestError: they are not disabled.
    """

    def job(connection: Connection) -> None:
        user = find(connection, who)
        if user.status != "disabled":
            raise InvalidRequestError("this user is not disabled")
        users.set_status(connection, user.id, "active")
        record(connection, desk.entry("user.enabled", "user", user.id))

    await desk.store.write(job)


async def add_role(desk: AdminDesk, who: str, role: str) -> None:
    """Give a user a role; tokens carry it from their next one on.

    Raises:
        UnknownError: there is no such user.
        InvalidRequestError: that cannot be the name of a role.
    """
    problems = role_problems([role])
    if problems:
        raise InvalidRequestError(*problems)

    def job(connection: Connection) -> None:
        user = find(connection, who)
        if role not in roles.roles_of(connection, user.id):
            roles.assign(connection, user.id, role, now=desk.clock.now())
            record(connection, desk.entry("user.role_added", "user", user.id, role=role))

    await desk.store.write(job)


async def remove_role(desk: AdminDesk, who: str, role: str) -> None:
    """Take a role away; every token that carries it is refused with the same transaction.

    Raises:
        UnknownError: there is no such user.
        InvalidRequestError: it would leave nobody who may open the console.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        user = find(connection, who)
        if role not in roles.roles_of(connection, user.id):
            return
        if role == ADMIN_ROLE:
            keep_an_admin(connection, desk, user)
        roles.remove(connection, user.id, role)
        record(connection, desk.entry("user.role_removed", "user", user.id, role=role))
        withdraw.subject(connection, user.id, reason="role_removed", actor=desk.actor, now=now)

    await desk.store.write(job)
