"""Rows of the journal, written as they are; `issuer.revocation.withdraw` is tested beside."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, delete, update
from tests.issuer.issuing import ISSUER, World

from watchword.oauth.revocation import EPOCH_KINDS, journal_digest
from watchword.store.repositories import journal
from watchword.store.repositories.journal import Head, JournalKind, NewEntry
from watchword.store.tables import journal as rows
from watchword.store.tables import journal_head


async def write(world: World, values: Sequence[str], *, kind: JournalKind = "grant", epoch: int = 1) -> int:
    """Withdraw ``values`` in one transaction; returns the last number."""
    now = world.clock.now()
    with_epoch = epoch if kind in EPOCH_KINDS else None
    entries = [NewEntry(kind, journal_digest(kind, ISSUER, value), now + 600.5, with_epoch) for value in values]
    return await world.issuer.store.write(partial(journal.append, entries=entries, now=now))


async def head(world: World) -> Head:
    return await world.issuer.store.read(journal.head)


async def forget(world: World, *numbers: int) -> None:
    """Delete entries, as pruning will."""

    def job(connection: Connection) -> None:
        connection.execute(delete(rows).where(rows.c.seq.in_(numbers)))

    await world.issuer.store.write(job)


async def restore(world: World, journal_id: str, *, seq: int = 0) -> None:
    """What the restoring of a backup does to the journal."""

    def job(connection: Connection) -> None:
        connection.execute(delete(rows).where(rows.c.seq > seq))
        connection.execute(update(journal_head).values(journal_id=journal_id, seq=seq))

    await world.issuer.store.write(job)
