"""Who leads, under which number, and until when: times are the database's own, so that nobody's clock matters."""

from sqlalchemy import Connection, Row, insert, select, update

from watchword.store.database_time import database_time
from watchword.store.fencing import Fence
from watchword.store.tables import leases

_LOST_AT_MOST = 1_000_000  # leaders since the backup; the column holds two thousand restores


def take(connection: Connection, name: str, holder: str, *, seconds: float, by_lock: bool) -> Fence | None:
    """Lead, if nobody does; a new leader has a higher number than everyone before.

    Args:
        connection: in a write transaction.
        name: of what is led.
        holder: who wants to.
        seconds: how long the lease is good for unless it is renewed.
        by_lock: the holder has the lock that goes with it: whoever led before has died or given up.

    Returns:
        The fence, or None while another's lease is good.
    """
    now = database_time(connection)
    row = _find(connection, name)
    if row is None:
        connection.execute(insert(leases).values(name=name, holder=holder, fence=1, expires_at=now + seconds))
        return Fence(name, 1)
    if not by_lock and row.holder != holder and row.expires_at > now:
        return None
    number = row.fence + 1
    connection.execute(
        update(leases).where(leases.c.name == name).values(holder=holder, fence=number, expires_at=now + seconds)
    )
    return Fence(name, number)


def renew(connection: Connection, fence: Fence, *, seconds: float) -> bool:
    """Whether ``fence`` is still the one in force; then the lease begins anew."""
    ours = update(leases).where(leases.c.name == fence.name, leases.c.fence == fence.number)
    return connection.execute(ours.values(expires_at=database_time(connection) + seconds)).rowcount == 1


def give_up(connection: Connection, fence: Fence) -> None:
    """Let the next one lead at once."""
    ours = update(leases).where(leases.c.name == fence.name, leases.c.fence == fence.number)
    connection.execute(ours.values(expires_at=0.0))


def outnumber(connection: Connection) -> None:
    """Give the next leaders of everything numbers that nobody can have had, whatever a restore made forgotten."""
    connection.execute(update(leases).values(fence=leases.c.fence + _LOST_AT_MOST, expires_at=0.0))


def holder_of(connection: Connection, name: str) -> str | None:
    """Who led last."""
    row = _find(connection, name)
    return None if row is None else str(row.holder)


def _find(connection: Connection, name: str) -> "Row[tuple[str, str, int, float]] | None":
    return connection.execute(select(leases).where(leases.c.name == name)).first()
