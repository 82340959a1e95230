"""Sign-ins of the console."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from watchword.store.tables import console_sessions


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """One sign-in. It counts only as long as the grant does. Times are UTC epoch seconds."""

    grant_id: str
    created_at: float
    expires_at: float


def create(connection: Connection, cookie_hash: str, *, grant_id: str, now: float, expires_at: float) -> None:
    """Begin a sign-in under the digest of a new cookie."""
    connection.execute(
        insert(console_sessions).values(
            cookie_hash=cookie_hash, grant_id=grant_id, created_at=now, expires_at=expires_at
        )
    )


def find(connection: Connection, cookie_hash: str) -> ConsoleSession | None:
    """The sign-in whose cookie has that digest, over or not."""
    row = connection.execute(
        select(console_sessions).where(console_sessions.c.cookie_hash == cookie_hash)
    ).one_or_none()
    return None if row is None else ConsoleSession(row.grant_id, row.created_at, row.expires_at)


def remove(connection: Connection, cookie_hash: str) -> None:
    """Forget the sign-in."""
    connection.execute(delete(console_sessions).where(console_sessions.c.cookie_hash == cookie_hash))


def forget_expired(connection: Connection, *, now: float) -> None:
    """Remove what is over."""
    connection.execute(delete(console_sessions).where(console_sessions.c.expires_at <= now))
