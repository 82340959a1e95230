"""Who is signed in to the console: a sign-in is as good as its grant, its session, its user and their role are now."""

from sqlalchemy import Connection

from watchword.admin.desk import AdminDesk
from watchword.admin.users import ADMIN_ROLE
from watchword.issuer.gate import subject_may_receive_tokens
from watchword.issuer.sessions import SignedIn
from watchword.oauth.bearer import digest
from watchword.store.repositories import console_sessions, grants, roles, sessions, users

# A session that was seen this many seconds ago need not be written again.
_TOUCH_AFTER = 60.0


async def begin(desk: AdminDesk, cookie: str, *, grant_id: str) -> None:
    """Let the browser that holds ``cookie`` in, for as long as the grant it signed in with is good."""
    now = desk.clock.now()
    expires_at = now + desk.settings.session_lifetime
    await desk.store.write(
        lambda connection: console_sessions.create(
            connection, digest(cookie), grant_id=grant_id, now=now, expires_at=expires_at
        )
    )


async def current(desk: AdminDesk, cookie: str) -> tuple[SignedIn, bool] | None:
    """Who holds ``cookie`` and whether they are an administrator, as the database says now; None: nobody."""
    now, idle = desk.clock.now(), desk.settings.session_idle

    def look(connection: Connection) -> tuple[SignedIn, bool] | None:
        found = console_sessions.find(connection, digest(cookie))
        if found is None or now >= found.expires_at:
            return None
        grant = grants.find(connection, found.grant_id)
        # Its end is that of its tokens, which are not used here: what counts is that nobody has withdrawn it.
        if grant is None or grant.revoked_at is not None:
            return None
        if grant.session_id is None or grant.user_id is None:
            return None
        epochs = subject_may_receive_tokens(
            connection, user_id=grant.user_id, client_id=grant.client_id, session_id=grant.session_id
        )
        session = sessions.find(connection, grant.session_id)
        user = users.find(connection, grant.user_id)
        if epochs is None or grant.epochs.are_behind(epochs) or session is None or user is None:
            return None
        if not session.is_live(now, idle=idle):
            return None
        return SignedIn(session, user), ADMIN_ROLE in roles.roles_of(connection, user.id)

    found = await desk.store.read(look)
    if found is not None and now - found[0].session.last_seen_at > _TOUCH_AFTER:
        session_id = found[0].session.id
        await desk.store.write(lambda connection: sessions.touch(connection, session_id, now=now))
    return found


async def end(desk: AdminDesk, cookie: str) -> None:
    """Forget the sign-in that ``cookie`` names."""
    await desk.store.write(lambda connection: console_sessions.remove(connection, digest(cookie)))
