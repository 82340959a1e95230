"""Places in Token Status Lists: who has which, and which of them are hit by what was withdrawn.

Nothing is written when trust is withdrawn but for a single token: a place is compared with the state of its grant, its
key and its epochs when the list is read, so that withdrawing everything costs one row here as everywhere (R09).
"""

import secrets
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select, tuple_, update

from watchword.store.identifiers import new_id
from watchword.store.repositories.epochs import EpochKind, Epochs, current
from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import apis, epochs, grants, signing_keys, status_entries, status_lists

# Places are drawn, not counted, so that nothing can be read from a number. A list is full when this many draws in a row
# hit places that are taken: at four fifths that happens once in a thousand times.
_DRAWS = 32
LONGEST_KEPT = 86_400.0  # seconds: no place is kept for so long after the withdrawal of what it stands for
PAGE = 65_536  # places that one statement looks at: PostgreSQL's have two seconds each, and the event loop its turn


class Place(NamedTuple):
    """A position in a list."""

    list_id: str
    idx: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a place stands for: all tokens that are withdrawn together, and what may withdraw them.

    ``grant_id`` is None for a client that speaks for itself; ``kid`` is the key that signs the tokens.
    """

    api_id: str
    grant_id: str | None
    subject: str
    client_id: str
    kid: str
    epochs: Epochs


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list; ``signing_alg`` is what its API chose."""

    id: str
    api_id: str
    size: int
    signing_alg: str | None


def find_place(connection: Connection, held: Held, *, until: float) -> Place | None:
    """The place of ``held``, if there is one that is kept until ``until`` (UTC epoch seconds)."""
    row = connection.execute(_open(held)).first()
    return None if row is None or row.expires_at < until else Place(row.list_id, row.idx)


def take_place(connection: Connection, held: Held, *, until: float, spare: float, size: int, now: float) -> Place:
    """The place of ``held``; drawn anew where it has none, or the one it has was withdrawn.

    Args:
        connection: the transaction in which the token is permitted.
        held: what it is for.
        until: when the last token that names it may still be believed, UTC epoch seconds.
        spare: seconds for which it is kept beyond that, so that not every token moves the end.
        size: how many places a new list has.
        now: UTC epoch seconds.
    """
    row = connection.execute(_open(held)).first()
    if row is not None:
        place = Place(row.list_id, row.idx)
        if row.expires_at < until:
            connection.execute(update(status_entries).where(*_at(place)).values(expires_at=until + spare))
        return place
    newest = connection.execute(
        select(status_lists.c.id, status_lists.c.size)
        .where(status_lists.c.api_id == held.api_id)
        .order_by(status_lists.c.created_at.desc(), status_lists.c.id)
        .limit(1)
    ).first()
    for _ in range(_DRAWS if newest is not None else 0):
        assert newest is not None
        place = Place(newest.id, secrets.randbelow(newest.size))
        insert_absent(connection, status_entries, [_row(held, place, until + spare)])
        taken = connection.execute(_open(held)).first()
        if taken is not None:
            return Place(taken.list_id, taken.idx)
    place = Place(new_id(), secrets.randbelow(size))
    connection.execute(insert(status_lists).values(id=place.list_id, api_id=held.api_id, size=size, created_at=now))
    connection.execute(insert(status_entries).values(_row(held, place, until + spare)))
    return place


def withdraw_place(connection: Connection, place: Place, *, now: float) -> bool:
    """Withdraw the tokens that name ``place`` from now on (UTC epoch seconds); False if they were already."""
    statement = update(status_entries).where(*_at(place), status_entries.c.withdrawn_at.is_(None))
    return connection.execute(statement.values(withdrawn_at=now)).rowcount > 0


def find_list(connection: Connection, list_id: str) -> StatusList | None:
    """The list of that id; None when there is none, or no token can name it any more."""
    row = connection.execute(
        select(status_lists, apis.c.signing_alg)
        .join(apis, apis.c.id == status_lists.c.api_id)
        .where(status_lists.c.id == list_id)
    ).first()
    return None if row is None else StatusList(row.id, row.api_id, row.size, row.signing_alg)


def list_ids(connection: Connection) -> list[str]:
    """Every list, the oldest first."""
    ids = select(status_lists.c.id).order_by(status_lists.c.created_at, status_lists.c.id)
    return list(connection.execute(ids).scalars())


def hit(connection: Connection, wanted: StatusList, start: int, *, now: float) -> list[int]:
    """Which of the `PAGE` places from ``start`` on have had their tokens withdrawn at ``now`` (UTC epoch seconds).

    What may withdraw a token is the same as for introspection: its grant, its key, one of its epochs, or itself.
    """
    entry = status_entries
    since = now - LONGEST_KEPT
    revoked = select(grants.c.id).where(grants.c.revoked_at > since)
    compromised = select(signing_keys.c.kid).where(signing_keys.c.state == "compromised")
    is_hit = or_(
        entry.c.withdrawn_at.is_not(None),
        entry.c.all_epoch < current(connection, "all", ""),
        _is_behind("subject", entry.c.subject, entry.c.subject_epoch, since),
        _is_behind("client", entry.c.client_id, entry.c.client_epoch, since),
        entry.c.grant_id.in_(revoked),
        entry.c.kid.in_(compromised),
    )
    within = (entry.c.list_id == wanted.id, entry.c.idx >= start, entry.c.idx < start + PAGE, entry.c.expires_at > now)
    return list(connection.execute(select(entry.c.idx).where(*within, is_hit)).scalars())


def _is_behind(kind: EpochKind, value: ColumnElement[str], epoch: ColumnElement[int], since: float) -> Any:
    # An epoch is never lower than the second in which it was raised. The few that were raised lately are put together
    # once; for most places that is all there is to ask.
    lately = select(epochs.c.value).where(epochs.c.kind == kind, epochs.c.epoch > int(since))
    is_lower = exists().where(epochs.c.kind == kind, epochs.c.value == value, epochs.c.epoch > epoch)
    return and_(value.in_(lately), is_lower)


def forget_expired(connection: Connection, *, now: float, most: int) -> int:
    """Delete places that no token names any more, and lists in which none are left and none will be.

    Args:
        connection: in a write transaction.
        now: UTC epoch seconds.
        most: how many places, the oldest first.

    Returns:
        How many there were; less than ``most``: no more are left.
    """
    entry = status_entries
    oldest = (
        select(entry.c.list_id, entry.c.idx).where(entry.c.expires_at <= now).order_by(entry.c.expires_at).limit(most)
    )
    forgotten = connection.execute(delete(entry).where(tuple_(entry.c.list_id, entry.c.idx).in_(oldest))).rowcount
    newer = status_lists.alias()
    is_over = or_(
        exists().where(newer.c.api_id == status_lists.c.api_id, newer.c.created_at > status_lists.c.created_at),
        exists().where(apis.c.id == status_lists.c.api_id, ~apis.c.status_list),
    )
    is_empty = ~exists().where(entry.c.list_id == status_lists.c.id)
    connection.execute(delete(status_lists).where(is_over, is_empty))
    return forgotten


def _open(held: Held) -> Any:
    entry = status_entries
    return select(entry.c.list_id, entry.c.idx, entry.c.expires_at).where(
        entry.c.holder == (held.grant_id or held.client_id),
        entry.c.api_id == held.api_id,
        entry.c.kid == held.kid,
        entry.c.subject_epoch == held.epochs.subject,
        entry.c.client_epoch == held.epochs.client,
        entry.c.all_epoch == held.epochs.all,
        entry.c.withdrawn_at.is_(None),
    )


def _at(place: Place) -> tuple[Any, Any]:
    return status_entries.c.list_id == place.list_id, status_entries.c.idx == place.idx


def _row(held: Held, place: Place, expires_at: float) -> dict[str, Any]:
    columns = asdict(held)
    del columns["epochs"]
    return {
        **columns,
        **place._asdict(),
        "holder": held.grant_id or held.client_id,
        "subject_epoch": held.epochs.subject,
        "client_epoch": held.epochs.client,
        "all_epoch": held.epochs.all,
        "expires_at": expires_at,
    }
