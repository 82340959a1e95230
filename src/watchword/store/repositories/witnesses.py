"""The database's side of `store.witness_file`: a row for each witness, and how far everything has come."""

from sqlalchemy import Connection, delete, func, insert, select, update

from watchword.store.errors import NotFoundError, RestoredError
from watchword.store.identifiers import new_id
from watchword.store.position import Judgement, Position, Remembered, judge
from watchword.store.repositories import journal
from watchword.store.tables import installation, restores, witnesses

FORGET_AFTER = 90 * 86_400  # seconds; who comes back later than this is taken for a stranger and refused


def position(connection: Connection) -> Position:
    """How far this database has come.

    Raises:
        NotFoundError: it is no installation yet.
    """
    installation_id = connection.execute(select(installation.c.installation_id)).scalar_one_or_none()
    if installation_id is None:
        raise NotFoundError("the database is not an installation of Watchword yet")
    end = journal.head(connection)
    generation = connection.execute(select(func.max(restores.c.generation))).scalar()
    return Position(installation_id, int(generation or 0), end.journal_id, end.seq)


def look(connection: Connection, remembered: Remembered) -> Judgement:
    """What is to be thought of this database by a witness that remembers ``remembered``."""
    query = select(witnesses.c.mark).where(witnesses.c.id == remembered.witness_id)
    mark = connection.execute(query).scalar_one_or_none()
    return judge(remembered, position(connection), mark)


def join(connection: Connection, *, now: float) -> Remembered:
    """Make a new witness; those that nobody has heard of for `FORGET_AFTER` are forgotten."""
    connection.execute(delete(witnesses).where(witnesses.c.seen_at < now - FORGET_AFTER))
    witness_id = new_id()
    connection.execute(insert(witnesses).values(id=witness_id, mark=1, seen_at=now))
    return Remembered(witness_id, 1, position(connection))


def advance(connection: Connection, remembered: Remembered, *, now: float) -> Remembered:
    """Move the witness's mark on; looked at in the same transaction.

    Raises:
        RestoredError: the database is not what the witness remembers.
    """
    judgement = look(connection, remembered)
    if judgement.verdict != "ours":
        raise RestoredError(f"the database is an older copy: {judgement.reason}")
    moved = (
        update(witnesses)
        .where(witnesses.c.id == remembered.witness_id)
        .values(mark=witnesses.c.mark + 1, seen_at=now)
        .returning(witnesses.c.mark)
    )
    mark = int(connection.execute(moved).scalar_one())
    return Remembered(remembered.witness_id, mark, position(connection))


def begin_generation(connection: Connection, *, at_least: int, journal_id: str, now: float) -> int:
    """Record that a restore was acknowledged, and forget every witness: each joins anew. Returns the generation.

    Args:
        connection: in a write transaction.
        at_least: a generation that somebody has seen; the new one is greater.
        journal_id: the journal that begins with it.
        now: UTC epoch seconds.
    """
    known = connection.execute(select(func.max(restores.c.generation))).scalar()
    generation = max(int(known or 0) + 1, at_least + 1, int(now))
    connection.execute(insert(restores).values(generation=generation, journal_id=journal_id, acknowledged_at=now))
    connection.execute(delete(witnesses))
    return generation
