"""Withdrawing trust by hand; `issuer.revocation.withdraw` does the work and writes the audit rows."""

import re

from sqlalchemy import Connection

from watchword.admin import users
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.issuer.revocation import withdraw
from watchword.store.repositories import clients, grants, sessions

REASON = "operator"
# What our tokens carry, and no more: a whole token must get neither into the journal nor into the audit.
_JTI = re.compile(r"[A-Za-z0-9_-]{1,128}")


async def revoke_token(desk: AdminDesk, jti: str, *, expires_at: float) -> None:
    """Refuse the one access token of that id until it has ended by itself.

    Raises:
        InvalidRequestError: it is no id but, perhaps, the token itself.
    """
    if not _JTI.fullmatch(jti):
        raise InvalidRequestError("a token is named by its jti, which `watchword token inspect` shows")
    now = desk.clock.now()
    await desk.store.write(
        lambda connection: withdraw.token(connection, jti, expires_at, reason=REASON, actor=desk.actor, now=now)
    )


async def revoke_grant(desk: AdminDesk, grant_id: str) -> None:
    """Refuse every token of one authorization.

    Raises:
        UnknownError: there is no such grant.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        if grants.find(connection, grant_id) is None:
            raise UnknownError("there is no such grant")
        withdraw.grant(connection, grant_id, reason=REASON, actor=desk.actor, now=now)

    await desk.store.write(job)


async def revoke_session(desk: AdminDesk, session_id: str) -> None:
    """Sign one browser out and refuse what depends on its session.

    Raises:
        UnknownError: there is no such session.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        if sessions.find(connection, session_id) is None:
            raise UnknownError("there is no such session")
        withdraw.session(connection, session_id, reason=REASON, actor=desk.actor, now=now)

    await desk.store.write(job)


async def revoke_user(desk: AdminDesk, who: str) -> None:
    """Refuse everything a user holds; they may sign in again.

    Raises:
        UnknownError: there is no such user.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        user = users.find(connection, who)
        withdraw.subject(connection, user.id, reason=REASON, actor=desk.actor, now=now)

    await desk.store.write(job)


async def revoke_client(desk: AdminDesk, client_id: str) -> None:
    """Refuse everything a client holds; it may ask again.

    Raises:
        UnknownError: there is no such client.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        if clients.find(connection, client_id) is None:
            raise UnknownError("there is no such client")
        withdraw.client(connection, client_id, reason=REASON, actor=desk.actor, now=now)

    await desk.store.write(job)


async def revoke_everything(desk: AdminDesk) -> None:
    """Refuse every token and grant there is."""
    now = desk.clock.now()
    await desk.store.write(lambda connection: withdraw.everything(connection, reason=REASON, actor=desk.actor, now=now))
