"""Grants: one authorization each. The id is the claim ``gid`` and names the family of its refresh tokens.

Revoking a grant is one row (R09): its tokens are never touched one by one.
"""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from watchword.store.prepared import Prepared
from watchword.store.repositories.epochs import Epochs
from watchword.store.tables import clients, grants

_Row = namedtuple("_Row", grants.c.keys())  # type: ignore[misc]  # noqa: PYI024  the table says what is in it
_FIND = Prepared(select(grants).where(grants.c.id == bindparam("wanted")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a user allowed a client, once.

    ``epochs`` are those in force when it was made. ``sid`` is None for grants that outlive the
    session (``offline``); ``session_id`` then says only where it was made. Times are UTC epoch seconds;
    ``expires_at`` is absolute: no refresh moves it.
    """

    id: str
    user_id: str | None
    client_id: str
    session_id: str | None
    sid: str | None
    offline: bool
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)
    nonce: str | None = None
    auth_time: float | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    epochs: Epochs
    created_at: float
    expires_at: float
    revoked_at: float | None = None
    revoked_reason: str | None = None


def create(connection: Connection, grant: Grant) -> None:
    """Write ``grant``."""
    connection.execute(
        insert(grants).values(
            id=grant.id,
            user_id=grant.user_id,
            client_id=grant.client_id,
            session_id=grant.session_id,
            sid=grant.sid,
            offline=grant.offline,
            scopes=list(grant.scopes),
            resources=list(grant.resources),
            claims=dict(grant.claims),
            nonce=grant.nonce,
            auth_time=grant.auth_time,
            acr=grant.acr,
            amr=list(grant.amr),
            epochs=list(grant.epochs),
            created_at=grant.created_at,
            expires_at=grant.expires_at,
            revoked_at=grant.revoked_at,
            revoked_reason=grant.revoked_reason,
        )
    )


def find(connection: Connection, grant_id: str) -> Grant | None:
    """The grant ``grant_id``, revoked or not; None when there is none."""
    row = _FIND.first(connection, {"wanted": grant_id})
    return None if row is None else _grant(row)


def of_cells(cells: Sequence[Any]) -> Grant:
    """The grant whose columns, in the order of the table, are ``cells``: for a statement that joins it to others."""
    return _grant(_Row._make(cells))


def list_live_of(connection: Connection, user_id: str, *, now: float, limit: int) -> list[Grant]:
    """The user's grants that may still be used at ``now`` (UTC epoch seconds), newest first."""
    rows = connection.execute(
        select(grants)
        .where(grants.c.user_id == user_id, grants.c.revoked_at.is_(None), grants.c.expires_at > now)
        .order_by(grants.c.created_at.desc(), grants.c.id)
        .limit(limit)
    )
    return [_grant(row) for row in rows]


def clients_with_grants(
    connection: Connection, *, client_id: str | None = None, offline: bool = False
) -> frozenset[str]:
    """The clients that were ever given a grant; with ``offline``, one that outlives the session.

    Args:
        connection: the caller's transaction.
        client_id: look at this client alone.
        offline: whether only such grants count.
    """
    held = select(grants.c.id).where(grants.c.client_id == clients.c.id)
    statement = select(clients.c.id).where((held.where(grants.c.offline) if offline else held).exists())
    if client_id is not None:
        statement = statement.where(clients.c.id == client_id)
    return frozenset(connection.execute(statement).scalars())


def revoke(connection: Connection, grant_id: str, *, reason: str, now: float) -> bool:
    """Revoke ``grant_id`` at ``now`` (UTC epoch seconds); True for the caller that did it, False for all later ones."""
    return bool(_revoke_where(connection, grants.c.id == grant_id, reason=reason, now=now))


def revoke_of_session(connection: Connection, session_id: str, *, reason: str, now: float) -> tuple[str, ...]:
    """Revoke the session's grants that end with it (not the offline ones); returns their ids."""
    return _revoke_where(connection, grants.c.session_id == session_id, ~grants.c.offline, reason=reason, now=now)


def revoke_of_user(connection: Connection, user_id: str, *, reason: str, now: float) -> tuple[str, ...]:
    """Revoke every grant of the user; returns their ids."""
    return _revoke_where(connection, grants.c.user_id == user_id, reason=reason, now=now)


def revoke_of_consent(
    connection: Connection, *, user_id: str, client_id: str, reason: str, now: float
) -> tuple[str, ...]:
    """Revoke every grant the user gave the client; returns their ids."""
    return _revoke_where(
        connection, grants.c.user_id == user_id, grants.c.client_id == client_id, reason=reason, now=now
    )


def _revoke_where(connection: Connection, *conditions: Any, reason: str, now: float) -> tuple[str, ...]:
    statement = (
        update(grants)
        .where(grants.c.revoked_at.is_(None), *conditions)
        .values(revoked_at=now, revoked_reason=reason)
        .returning(grants.c.id)
    )
    return tuple(row.id for row in connection.execute(statement))


def _grant(row: Any) -> Grant:
    return Grant(
        id=row.id,
        user_id=row.user_id,
        client_id=row.client_id,
        session_id=row.session_id,
        sid=row.sid,
        offline=row.offline,
        scopes=tuple(row.scopes),
        resources=tuple(row.resources),
        claims=row.claims,
        nonce=row.nonce,
        auth_time=row.auth_time,
        acr=row.acr,
        amr=tuple(row.amr),
        epochs=Epochs(*row.epochs),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_reason=row.revoked_reason,
    )
