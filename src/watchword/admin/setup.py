"""The first administrator: through a link that works once, or without anybody looking."""

from sqlalchemy import Connection, select

from watchword.admin import users
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, SetupLinkError
from watchword.admin.users import ADMIN_ROLE, UserRequest
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.repositories import setup_links
from watchword.store.repositories.audit import SYSTEM, record
from watchword.store.repositories.users import User
from watchword.store.tables import role_assignments

LINK_PREFIX = "ww_setup"


async def has_admin(desk: AdminDesk) -> bool:
    """Whether anybody holds the role ``admin``."""
    return await desk.store.read(_has_admin)


async def create_link(desk: AdminDesk) -> str:
    """A new token for the set-up page, good once and for fifteen minutes; earlier ones are dead.

    Raises:
        InvalidRequestError: there is an administrator already.
    """
    token = new_bearer(LINK_PREFIX)
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        if _has_admin(connection):
            raise InvalidRequestError("there is an administrator already: nobody needs a set-up link")
        setup_links.create(connection, digest(token), now=now)
        record(connection, desk.entry("setup_link.created", "setup_link", digest(token)[:16]))

    await desk.store.write(job)
    return token


async def is_link_open(desk: AdminDesk, token: str) -> bool:
    """Whether the set-up page should show its form for ``token``."""
    now = desk.clock.now()

    def job(connection: Connection) -> bool:
        return not _has_admin(connection) and setup_links.is_open(connection, digest(token), now=now)

    return await desk.store.read(job)


async def create_first_admin(desk: AdminDesk, *, token: str, email: str, name: str, password: str) -> User:
    """Make the first administrator and use the link up, both or neither.

    Raises:
        SetupLinkError: the link is used, has run out or never was, or there is an administrator already.
        InvalidRequestError: there can be no such user.
        WeakPasswordError: anyone would guess the password.
        TakenError: the e-mail address is somebody's already.
    """
    if not await is_link_open(desk, token):  # before a password is hashed for a stranger
        raise SetupLinkError("the set-up link is used, has run out or is not complete")
    return await _make(desk, UserRequest(email=email, name=name, password=password), token)


async def ensure_admin(desk: AdminDesk, *, email: str, password: str) -> User | None:
    """Make the first administrator without a link, when there is none; None when there is one.

    Raises:
        InvalidRequestError, WeakPasswordError, TakenError: as for `create_first_admin`.
    """
    if await has_admin(desk):
        return None
    return await _make(desk, UserRequest(email=email, password=password), None)


async def _make(desk: AdminDesk, request: UserRequest, token: str | None) -> User:
    problems = request.problems()
    if problems:
        raise InvalidRequestError(*problems)
    now = desk.clock.now()
    user = request.build(password_hash=await users.hash_new_password(desk, request), now=now)
    acting = desk.as_actor(SYSTEM)

    def job(connection: Connection) -> None:
        if _has_admin(connection):
            raise SetupLinkError("there is an administrator already")
        if token is not None and not setup_links.use(connection, digest(token), now=now):
            raise SetupLinkError("the set-up link is used, has run out or is not complete")
        users.create(connection, acting, user, (ADMIN_ROLE,))

    await desk.store.write(job)
    return user


def _has_admin(connection: Connection) -> bool:
    held = select(role_assignments.c.subject_id).where(role_assignments.c.role == ADMIN_ROLE).limit(1)
    return connection.execute(held).first() is not None
