"""The link that makes the first administrator: good once, and not for long."""

from sqlalchemy import Connection, insert, select, update

from watchword.store.tables import setup_links

LIFETIME = 900.0  # seconds


def create(connection: Connection, token_hash: str, *, now: float) -> float:
    """Store a new link and end every earlier one; when the new one ends, UTC epoch seconds."""
    connection.execute(update(setup_links).where(setup_links.c.used_at.is_(None)).values(used_at=now))
    expires_at = now + LIFETIME
    connection.execute(
        insert(setup_links).values(token_hash=token_hash, created_at=now, expires_at=expires_at, used_at=None)
    )
    return expires_at


def is_open(connection: Connection, token_hash: str, *, now: float) -> bool:
    """Whether the link could still be used."""
    known = select(setup_links.c.token_hash).where(
        setup_links.c.token_hash == token_hash, setup_links.c.used_at.is_(None), setup_links.c.expires_at > now
    )
    return connection.execute(known).first() is not None


def use(connection: Connection, token_hash: str, *, now: float) -> bool:
    """Use the link up; whether it was this call that did, so that of two at once only one goes on."""
    used = connection.execute(
        update(setup_links)
        .where(setup_links.c.token_hash == token_hash, setup_links.c.used_at.is_(None), setup_links.c.expires_at > now)
        .values(used_at=now)
        .returning(setup_links.c.token_hash)
    )
    return used.first() is not None
