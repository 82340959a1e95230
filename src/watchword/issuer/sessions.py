"""Who is signed in, in the browser that asks."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from watchword.authn.authentication import Authentication
from watchword.issuer import csrf
from watchword.issuer.cookies import SESSION
from watchword.issuer.requests import by_user, issuer_of
from watchword.issuer.revocation import withdraw
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.repositories import audit, sessions, users
from watchword.store.repositories.audit import Actor, AuditEntry
from watchword.store.repositories.sessions import Session
from watchword.store.repositories.users import User

_PREFIX = "wws"
# A session that was seen this many seconds ago need not be written again.
_TOUCH_AFTER = 60.0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session and its user."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Started:
    """A session that has just begun: the cookie's value must reach the browser."""

    cookie: str
    signed_in: SignedIn

    def set_cookie(self, response: Response, request: Request) -> None:
        """Let ``response`` carry the new cookie."""
        SESSION.set(response, issuer_of(request).settings, self.cookie)
        csrf.ensure_cookie(response, request)


def cookie_hash(request: Request) -> str | None:
    """The digest of the browser's session cookie, live or not."""
    value = SESSION.read(request, issuer_of(request).settings)
    return digest(value) if value is not None else None


async def current(request: Request) -> SignedIn | None:
    """Who is signed in here, if anybody: the session lives and its user is active, as the database says now."""
    issuer = issuer_of(request)
    presented = cookie_hash(request)
    if presented is None:
        return None
    now, idle = issuer.clock.now(), issuer.settings.session_idle

    def look(connection: Connection) -> SignedIn | None:
        session = sessions.find_by_cookie_hash(connection, presented)
        if session is None or not session.is_live(now, idle=idle):
            return None
        user = users.find(connection, session.user_id)
        return SignedIn(session, user) if user is not None and user.is_active else None

    found = await issuer.store.read(look)
    if found is not None and now - found.session.last_seen_at > _TOUCH_AFTER:
        session_id = found.session.id
        await issuer.store.write(lambda connection: sessions.touch(connection, session_id, now=now))
    return found


async def start(request: Request, authentication: Authentication) -> Started | None:
    """Begin a session, or renew the browser's own when the same user proves anew who they are.

    The cookie is a new one in any case and the old one is dead (O55). A renewed session stays the same for clients
    that share it; one of another user ends, with the grants that hang on it, also when it had been left alone too long.

    Returns:
        None when the user has meanwhile been disabled or given another password: a change of password ends every
        session, and this one would begin after it (O55).
    """
    issuer = issuer_of(request)
    cookie, presented = new_bearer(_PREFIX), cookie_hash(request)
    now, settings = issuer.clock.now(), issuer.settings
    actor = by_user(request, authentication.user_id)

    def begin(connection: Connection) -> SignedIn | None:
        user = users.find(connection, authentication.user_id)
        if user is None or not user.is_active or user.password_changed_at != authentication.password_changed_at:
            return None
        before = sessions.find_by_cookie_hash(connection, presented) if presented is not None else None
        mine = before is not None and before.user_id == user.id
        if before is not None and mine and not before.is_live(now, idle=settings.session_idle):
            before = None
        proof = _Proof(authentication, cookie_hash=digest(cookie), now=now, lifetime=settings.session_lifetime)
        session = proof.renew(connection, before) if before is not None and mine else proof.create(connection)
        audit.record(
            connection,
            AuditEntry(now, actor, "session.begin", "session", session.id, {"acr": session.acr}),
        )
        if before is not None and before.id != session.id:
            _end(connection, before, actor=actor, reason="another_user", now=now)
        return SignedIn(session, user)

    signed_in = await issuer.store.write(begin)
    return Started(cookie, signed_in) if signed_in is not None else None


async def begin(request: Request, response: Response, authentication: Authentication) -> Session | None:
    """`start`, and let ``response`` carry the cookie at once."""
    started = await start(request, authentication)
    if started is None:
        return None
    started.set_cookie(response, request)
    return started.signed_in.session


async def end(request: Request, response: Response) -> None:
    """End the browser's session and every grant that hangs on it; take its cookie away."""
    issuer = issuer_of(request)
    presented, now = cookie_hash(request), issuer.clock.now()
    if presented is not None:

        def finish(connection: Connection) -> None:
            session = sessions.find_by_cookie_hash(connection, presented)
            if session is not None and session.ended_at is None:
                _end(connection, session, actor=by_user(request, session.user_id), reason="logout", now=now)

        await issuer.store.write(finish)
    SESSION.clear(response, issuer.settings)


@dataclass(frozen=True, slots=True)
class _Proof:
    """An authentication on its way into a session."""

    authentication: Authentication
    cookie_hash: str
    now: float
    lifetime: float

    def create(self, connection: Connection) -> Session:
        return sessions.create(
            connection,
            user_id=self.authentication.user_id,
            cookie_hash=self.cookie_hash,
            auth_time=self.authentication.auth_time,
            acr=self.authentication.acr,
            amr=self.authentication.amr,
            now=self.now,
            lifetime=self.lifetime,
        )

    def renew(self, connection: Connection, before: Session) -> Session:
        return sessions.renew(
            connection,
            before.id,
            cookie_hash=self.cookie_hash,
            auth_time=self.authentication.auth_time,
            acr=self.authentication.acr,
            amr=self.authentication.amr,
            now=self.now,
            lifetime=self.lifetime,
        )


def _end(connection: Connection, session: Session, *, actor: Actor, reason: str, now: float) -> None:
    # The journal's head moves in the last statement of the transaction: nothing is written after this.
    withdraw.session(connection, session.id, reason=reason, actor=actor, now=now)
