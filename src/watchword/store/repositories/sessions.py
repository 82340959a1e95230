"""Sessions: one user in one browser at the issuer; and client sessions, whose random id is the claim ``sid``."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from watchword.store.identifiers import new_id
from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import client_sessions, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lasts. Times are UTC epoch seconds; ``ended_at`` is set once it is over for good."""

    id: str
    user_id: str
    auth_time: float
    acr: str
    amr: tuple[str, ...]
    created_at: float
    last_seen_at: float
    expires_at: float
    ended_at: float | None

    def is_live(self, now: float, *, idle: float) -> bool:
        """Whether it may still be used at ``now``, having been left alone for at most ``idle`` seconds."""
        return self.ended_at is None and now < self.expires_at and now - self.last_seen_at < idle


def create(
    connection: Connection,
    *,
    user_id: str,
    cookie_hash: str,
    auth_time: float,
    acr: str,
    amr: tuple[str, ...],
    now: float,
    lifetime: float,
) -> Session:
    """Begin a session.

    Args:
        connection: the caller's transaction.
        user_id: who has signed in.
        cookie_hash: digest of the browser's new cookie.
        auth_time: when they proved who they are, UTC epoch seconds.
        acr: what that proof is worth.
        amr: by which factors.
        now: UTC epoch seconds.
        lifetime: seconds until it ends whatever happens.
    """
    session = Session(
        id=new_id(),
        user_id=user_id,
        auth_time=auth_time,
        acr=acr,
        amr=amr,
        created_at=now,
        last_seen_at=now,
        expires_at=now + lifetime,
        ended_at=None,
    )
    connection.execute(
        insert(sessions).values(
            id=session.id,
            cookie_hash=cookie_hash,
            user_id=user_id,
            auth_time=auth_time,
            acr=acr,
            amr=list(amr),
            created_at=now,
            last_seen_at=now,
            expires_at=session.expires_at,
            ended_at=None,
        )
    )
    return session


def renew(
    connection: Connection,
    session_id: str,
    *,
    cookie_hash: str,
    auth_time: float,
    acr: str,
    amr: tuple[str, ...],
    now: float,
    lifetime: float,
) -> Session:
    """Let the same user's new proof carry the session on, under a new cookie; arguments as for `create`."""
    row = connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id)
        .values(
            cookie_hash=cookie_hash,
            auth_time=auth_time,
            acr=acr,
            amr=list(amr),
            last_seen_at=now,
            expires_at=now + lifetime,
        )
        .returning(*sessions.c)
    ).one()
    return _session(row)


def find(connection: Connection, session_id: str) -> Session | None:
    """The session of that id, live or not."""
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).one_or_none()
    return _session(row) if row is not None else None


def find_by_cookie_hash(connection: Connection, cookie_hash: str) -> Session | None:
    """The session whose cookie has that digest, live or not."""
    row = connection.execute(select(sessions).where(sessions.c.cookie_hash == cookie_hash)).one_or_none()
    return _session(row) if row is not None else None


def find_by_sid(connection: Connection, sid: str, client_id: str) -> Session | None:
    """The session that ``sid`` is the client's name for."""
    row = connection.execute(
        select(sessions)
        .join(client_sessions, client_sessions.c.session_id == sessions.c.id)
        .where(client_sessions.c.sid == sid, client_sessions.c.client_id == client_id)
    ).one_or_none()
    return _session(row) if row is not None else None


def find_named(connection: Connection, sid: str) -> Session | None:
    """The session that ``sid`` is some client's name for."""
    row = connection.execute(
        select(sessions)
        .join(client_sessions, client_sessions.c.session_id == sessions.c.id)
        .where(client_sessions.c.sid == sid)
    ).one_or_none()
    return _session(row) if row is not None else None


def touch(connection: Connection, session_id: str, *, now: float) -> None:
    """Say that the session was used; never moves back and never wakes one that has ended."""
    connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None), sessions.c.last_seen_at < now)
        .values(last_seen_at=now)
    )


def end(connection: Connection, session_id: str, *, now: float) -> bool:
    """End the session for good; whether it was this call that ended it."""
    ended = connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(sessions.c.id)
    )
    return ended.first() is not None


def end_all_of(connection: Connection, user_id: str, now: float) -> tuple[str, ...]:
    """End every session of the user; the ids of those that this call ended."""
    ended = connection.execute(
        update(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(sessions.c.id)
    )
    return tuple(ended.scalars())


def list_live_of(connection: Connection, user_id: str, *, now: float, idle: float) -> list[Session]:
    """The user's sessions that may still be used, newest first."""
    rows = connection.execute(
        select(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        .order_by(sessions.c.created_at.desc(), sessions.c.id)
    )
    return [session for session in map(_session, rows) if session.is_live(now, idle=idle)]


def sid_for(connection: Connection, session_id: str, client_id: str, *, now: float) -> str:
    """The client's name for the session, made at first need; two requests at once get the same one."""
    known = select(client_sessions.c.sid).where(
        client_sessions.c.session_id == session_id, client_sessions.c.client_id == client_id
    )
    sid = connection.execute(known).scalar_one_or_none()
    if sid is None:
        row = {"sid": new_id(), "session_id": session_id, "client_id": client_id, "created_at": now}
        insert_absent(connection, client_sessions, [row])
        sid = connection.execute(known).scalar_one()
    return str(sid)


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        auth_time=row.auth_time,
        acr=row.acr,
        amr=tuple(row.amr),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )
