"""Withdrawing trust by hand; `issuer.revocation.withdraw` does the work and writes the audit rows.

Each says whether there was still something to withdraw; asking twice does no harm and leaves no second audit row.
"""

import re

from sqlalchemy import Connection

from watchword.admin import client_review, users
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.issuer.revocation import withdraw
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.store.repositories import grants, sessions

REASON = "operator"
# What our tokens carry, and no more: a whole token must get neither into the journal nor into the audit.
_JTI = re.compile(r"[A-Za-z0-9_-]{1,128}")


async def revoke_token(desk: AdminDesk, jti: str, *, expires_at: float | None = None) -> bool:
    """Refuse the one access token of that id until it has ended by itself.

    Args:
        desk: where the operator works.
        jti: its claim of that name.
        expires_at: when it ends, UTC epoch seconds; where nobody knows, the longest that any token lives from now.

    Raises:
        InvalidRequestError: it is no id but, perhaps, the token itself.
    """
    if not _JTI.fullmatch(jti):
        raise InvalidRequestError("a token is named by its jti, which `watchword token inspect` shows")
    now = desk.clock.now()
    until = now + LONGEST if expires_at is None else expires_at
    return await desk.store.write(
        lambda connection: withdraw.token(connection, jti, until, reason=REASON, actor=desk.actor, now=now)
    )


async def revoke_grant(desk: AdminDesk, grant_id: str) -> bool:
    """Refuse every token of one authorization.

    Raises:
        UnknownError: there is no such grant.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> bool:
        if grants.find(connection, grant_id) is None:
            raise UnknownError("there is no such grant")
        return withdraw.grant(connection, grant_id, reason=REASON, actor=desk.actor, now=now)

    return await desk.store.write(job)


async def revoke_session(desk: AdminDesk, name: str) -> bool:
    """Sign one browser out and refuse what depends on its session.

    Args:
        desk: where the operator works.
        name: the session's id, or a client's name for it: the claim ``sid`` of any token made in it.

    Raises:
        UnknownError: there is no such session.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> bool:
        session = sessions.find(connection, name) or sessions.find_named(connection, name)
        if session is None:
            raise UnknownError("there is no such session")
        return withdraw.session(connection, session.id, reason=REASON, actor=desk.actor, now=now)

    return await desk.store.write(job)


async def revoke_consent(desk: AdminDesk, who: str, client_id: str) -> bool:
    """Forget what a user allowed a client, and refuse every token it holds in their name, offline ones too.

    Args:
        desk: where the operator works.
        who: the user's id, user name or e-mail address.
        client_id: the client's id.

    Raises:
        UnknownError: there is no such user, or no such client.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> bool:
        user, client = users.find(connection, who), client_review.find(connection, client_id)
        return withdraw.consent(
            connection, user_id=user.id, client_id=client.id, reason=REASON, actor=desk.actor, now=now
        )

    return await desk.store.write(job)


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
        client_review.find(connection, client_id)
        withdraw.client(connection, client_id, reason=REASON, actor=desk.actor, now=now)

    await desk.store.write(job)


async def revoke_everything(desk: AdminDesk) -> None:
    """Refuse every token and grant there is."""
    now = desk.clock.now()
    await desk.store.write(lambda connection: withdraw.everything(connection, reason=REASON, actor=desk.actor, now=now))
