"""Authorization requests on their way through login and consent: kept here, not in the browser (O14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from watchword.store.tables import authorization_requests


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """An authorization request that waits for its user.

    Args:
        id_hash: digest of the opaque id in the page's URL.
        browser_hash: digest of the cookie of the browser that began it; None while no browser has shown one.
        parameters: what the client asked, and what the server noted about it.
        client_id: who asked.
        authenticated_after: a sign-in before this time (UTC epoch seconds) does not suffice.
        consented: whether the user has allowed it.
        created_at: UTC epoch seconds.
        expires_at: UTC epoch seconds.
        completed_at: when it was answered, for good.
    """

    id_hash: str
    browser_hash: str | None
    parameters: Mapping[str, Any]
    client_id: str
    authenticated_after: float | None
    consented: bool
    created_at: float
    expires_at: float
    completed_at: float | None = None


def create(connection: Connection, pending: PendingRequest) -> None:
    """Store a new request."""
    connection.execute(
        insert(authorization_requests).values(
            id_hash=pending.id_hash,
            browser_hash=pending.browser_hash,
            parameters=dict(pending.parameters),
            client_id=pending.client_id,
            authenticated_after=pending.authenticated_after,
            consented=pending.consented,
            created_at=pending.created_at,
            expires_at=pending.expires_at,
            completed_at=None,
        )
    )


def find_open(connection: Connection, id_hash: str, *, browser_hash: str | None, now: float) -> PendingRequest | None:
    """The request of that id that this browser (None: no browser yet) began, unless answered or expired."""
    row = connection.execute(
        select(authorization_requests).where(
            authorization_requests.c.id_hash == id_hash,
            authorization_requests.c.browser_hash == browser_hash,
            authorization_requests.c.completed_at.is_(None),
            authorization_requests.c.expires_at > now,
        )
    ).one_or_none()
    return _pending(row) if row is not None else None


def complete(connection: Connection, id_hash: str, *, now: float) -> bool:
    """Mark the request as answered; whether it was this call that did: a request is answered once."""
    done = connection.execute(
        update(authorization_requests)
        .where(
            authorization_requests.c.id_hash == id_hash,
            authorization_requests.c.completed_at.is_(None),
            authorization_requests.c.expires_at > now,
        )
        .values(completed_at=now)
        .returning(authorization_requests.c.id_hash)
    )
    return done.first() is not None


def forget_expired(connection: Connection, *, now: float) -> None:
    """Remove requests that can no longer be answered."""
    connection.execute(delete(authorization_requests).where(authorization_requests.c.expires_at < now))


def _pending(row: Row[Any]) -> PendingRequest:
    return PendingRequest(
        id_hash=row.id_hash,
        browser_hash=row.browser_hash,
        parameters=row.parameters,
        client_id=row.client_id,
        authenticated_after=row.authenticated_after,
        consented=row.consented,
        created_at=row.created_at,
        expires_at=row.expires_at,
        completed_at=row.completed_at,
    )
