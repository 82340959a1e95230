"""Users a page at a time, and one of them with everything they hold."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.admin import audit_trail
from watchword.admin.audit_trail import Trail
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import UnknownError
from watchword.store.repositories import clients, consents, grants, roles, sessions, users
from watchword.store.repositories.consents import Consent
from watchword.store.repositories.grants import Grant
from watchword.store.repositories.sessions import Session
from watchword.store.repositories.users import User

PAGE = 50
GRANTS = 20
HISTORY = 6


@dataclass(frozen=True, slots=True)
class UserPage:
    """Some users by user name, the roles they hold by their id, how many there are, and whether more follow."""

    users: tuple[User, ...]
    roles: Mapping[str, tuple[str, ...]]
    total: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class UserFile:
    """A user and what they hold: live sessions, what they allowed, their newest live grants and audit rows."""

    user: User
    roles: tuple[str, ...]
    sessions: tuple[Session, ...]
    consents: tuple[Consent, ...]
    grants: tuple[Grant, ...]
    client_names: Mapping[str, str]
    history: Trail


async def page_of_users(desk: AdminDesk, *, search: str = "", after: str | None = None) -> UserPage:
    """Users by user name.

    Args:
        desk: where the operator works.
        search: part of a user name or an e-mail address.
        after: the id of the user after whom to go on.
    """

    def job(connection: Connection) -> UserPage:
        found = users.list_page(connection, search=search, after=after, limit=PAGE + 1)
        shown = tuple(found[:PAGE])
        held = roles.roles_of_each(connection, [user.id for user in shown])
        return UserPage(shown, held, users.count(connection), len(found) > PAGE)

    return await desk.store.read(job)


async def user_file(desk: AdminDesk, user_id: str) -> UserFile:
    """One user, whole.

    Raises:
        UnknownError: there is no such user.
    """
    now, idle = desk.clock.now(), desk.settings.session_idle

    def job(connection: Connection) -> UserFile:
        user = users.find(connection, user_id)
        if user is None:
            raise UnknownError("there is no such user")
        allowed = tuple(consents.list_of(connection, user.id))
        held = tuple(grants.list_live_of(connection, user.id, now=now, limit=GRANTS))
        named = sorted({consent.client_id for consent in allowed} | {grant.client_id for grant in held})
        return UserFile(
            user=user,
            roles=roles.roles_of(connection, user.id),
            sessions=tuple(sessions.list_live_of(connection, user.id, now=now, idle=idle)),
            consents=allowed,
            grants=held,
            client_names=clients.names(connection, named),
            history=audit_trail.history(connection, user.id, limit=HISTORY),
        )

    return await desk.store.read(job)
