"""The journal of withdrawn trust that every verifier mirrors: docs/protocol/revocation.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, text, update

from watchword.store.tables import journal, journal_head

JournalKind = Literal["token", "grant", "session", "key", "subject", "client", "all"]

_PAGE = 1000
CHANNEL = "watchword_journal"  # on which PostgreSQL tells, with the commit, that there is news: store/postgres_wake.py

_NOTIFY = text(f"NOTIFY {CHANNEL}")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be refused. ``epoch`` is set for subject, client and all; ``expires_at`` is UTC epoch seconds."""

    kind: JournalKind
    digest: str
    expires_at: float
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the journal at its place ``seq``."""

    seq: int
    kind: JournalKind
    digest: str
    epoch: int | None
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Head:
    """Where the journal ends. A restore changes ``journal_id``."""

    journal_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the journal stands: its last ``seq``, when that was written, and how many entries may still refuse."""

    seq: int
    last_at: float | None
    entries: Mapping[str, int]


def append(connection: Connection, entries: Sequence[NewEntry], *, now: float) -> int:
    """Write ``entries`` at the end and return the last sequence number.

    Call it last in the transaction: moving the head locks it until the commit, which makes the numbers gapless and
    puts them in the order of commits, and everybody who revokes waits for that lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)
    moved = (
        update(journal_head)
        .where(journal_head.c.id == 1)
        .values(seq=journal_head.c.seq + len(entries))
        .returning(journal_head.c.seq)
    )
    last = int(connection.execute(moved).scalar_one())
    first = last - len(entries) + 1
    rows = [
        {
            "seq": seq,
            "kind": entry.kind,
            "digest": entry.digest,
            "epoch": entry.epoch,
            "created_at": now,
            "expires_at": entry.expires_at,
        }
        for seq, entry in enumerate(entries, start=first)
    ]
    if rows:
        connection.execute(insert(journal), rows)
    return last


def head(connection: Connection) -> Head:
    """Where the journal ends now."""
    row = connection.execute(select(journal_head).where(journal_head.c.id == 1)).one()
    return Head(row.journal_id, row.seq)


def standing(connection: Connection, *, now: float) -> Standing:
    """How the journal stands at ``now`` (UTC epoch seconds)."""
    last = connection.execute(select(journal.c.created_at).order_by(journal.c.seq.desc()).limit(1)).scalar()
    counted = select(journal.c.kind, func.count()).where(journal.c.expires_at > now).group_by(journal.c.kind)
    entries = {str(kind): int(number) for kind, number in connection.execute(counted)}
    return Standing(head(connection).seq, None if last is None else float(last), entries)


def contains(connection: Connection, kind: JournalKind, digest: str) -> bool:
    """Whether a row of this kind names ``digest``."""
    statement = select(journal.c.seq).where(journal.c.kind == kind, journal.c.digest == digest).limit(1)
    return connection.execute(statement).first() is not None


def after(connection: Connection, seq: int, *, limit: int) -> list[Entry]:
    """At most ``limit`` rows after ``seq``, in order."""
    rows = connection.execute(select(journal).where(journal.c.seq > seq).order_by(journal.c.seq).limit(limit))
    return [_entry(row) for row in rows]


def is_whole_after(connection: Connection, seq: int, head: int) -> bool:
    """Whether no row from ``seq + 1`` to ``head`` has been deleted."""
    rows = select(func.count()).select_from(journal).where(journal.c.seq > seq, journal.c.seq <= head)
    return int(connection.execute(rows).scalar_one()) == head - seq


def unexpired(connection: Connection, *, now: float, after: int = 0, limit: int | None = None) -> list[Entry]:
    """The rows after number ``after`` that may still refuse a token at ``now`` (UTC epoch seconds), in order.

    A few at a time: PostgreSQL's rows are taken apart on the event loop, which gets its turn only between statements,
    and each statement has its own two seconds.

    Args:
        connection: the caller's transaction.
        now: UTC epoch seconds.
        after: the number to go on from.
        limit: how many at most; all of them if not given.
    """
    found: list[Entry] = []
    while limit is None or len(found) < limit:
        last = found[-1].seq if found else after
        wanted = _PAGE if limit is None else min(_PAGE, limit - len(found))
        is_next = (journal.c.seq > last, journal.c.expires_at > now)
        rows = connection.execute(select(journal).where(*is_next).order_by(journal.c.seq).limit(wanted)).all()
        found.extend(_entry(row) for row in rows)
        if len(rows) < wanted:
            break
    return found


def forget_expired(connection: Connection, *, now: float, most: int) -> int:
    """Delete rows that can hit no token any more; the head stays, and whoever is behind one of them needs a snapshot.

    Args:
        connection: in a write transaction.
        now: UTC epoch seconds.
        most: how many, the oldest first.

    Returns:
        How many there were; less than ``most``: no more are left.
    """
    oldest = select(journal.c.seq).where(journal.c.expires_at <= now).order_by(journal.c.expires_at).limit(most)
    return connection.execute(delete(journal).where(journal.c.seq.in_(oldest))).rowcount


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.seq, row.kind, row.digest, row.epoch, row.created_at, row.expires_at)
