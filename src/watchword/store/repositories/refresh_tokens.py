"""Refresh tokens at rest: hashed, in families (one for each grant), each with at most one successor."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from watchword.store.prepared import Prepared
from watchword.store.repositories import grants
from watchword.store.repositories.grants import Grant
from watchword.store.tables import grants as grants_table
from watchword.store.tables import refresh_tokens

_CREATE = Prepared(insert(refresh_tokens))
_FIND = Prepared(select(refresh_tokens).where(refresh_tokens.c.token_hash == bindparam("wanted")))
_FIND_WITH_GRANT = Prepared(
    select(refresh_tokens, grants_table)
    .join(grants_table, grants_table.c.id == refresh_tokens.c.grant_id)
    .where(refresh_tokens.c.token_hash == bindparam("wanted"))
)
_USE = Prepared(
    update(refresh_tokens)
    .where(refresh_tokens.c.token_hash == bindparam("used"), refresh_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("now"), successor_hash=bindparam("successor"))
    .returning(refresh_tokens.c.token_hash)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One token of a family. ``expires_at`` is the idle limit; the absolute one is the grant's."""

    token_hash: str = field(repr=False)
    grant_id: str
    client_id: str
    generation: int
    created_at: float
    expires_at: float
    used_at: float | None = None
    successor_hash: str | None = field(default=None, repr=False)


def create(connection: Connection, token: RefreshToken) -> None:
    """Write ``token``."""
    _CREATE.all(
        connection,
        {
            "token_hash": token.token_hash,
            "grant_id": token.grant_id,
            "client_id": token.client_id,
            "generation": token.generation,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "used_at": token.used_at,
            "successor_hash": token.successor_hash,
        },
    )


def find(connection: Connection, token_hash: str) -> RefreshToken | None:
    """The token with this hash, used or not; None when there is none."""
    row = _FIND.first(connection, {"wanted": token_hash})
    return None if row is None else _token(row)


def find_with_grant(connection: Connection, token_hash: str) -> tuple[RefreshToken, Grant] | None:
    """The token with this hash, used or not, and the grant of its family; None when there is no such token."""
    row = _FIND_WITH_GRANT.first(connection, {"wanted": token_hash})
    return None if row is None else (_token(row), grants.of_cells(row[len(refresh_tokens.c) :]))


def use(connection: Connection, token_hash: str, *, successor_hash: str, now: float) -> bool:
    """Mark the token used in favour of its successor; True for exactly one caller (O25, R05)."""
    return _USE.first(connection, {"used": token_hash, "successor": successor_hash, "now": now}) is not None


def extend(connection: Connection, token_hash: str, *, expires_at: float) -> None:
    """Move the idle limit of a token that is not rotated to ``expires_at`` (UTC epoch seconds)."""
    connection.execute(
        update(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash).values(expires_at=expires_at)
    )


def of_grant(connection: Connection, grant_id: str) -> list[RefreshToken]:
    """The whole family, oldest first."""
    statement = (
        select(refresh_tokens).where(refresh_tokens.c.grant_id == grant_id).order_by(refresh_tokens.c.generation)
    )
    return [_token(row) for row in connection.execute(statement)]


def _token(row: Row[Any]) -> RefreshToken:
    return RefreshToken(
        token_hash=row.token_hash,
        grant_id=row.grant_id,
        client_id=row.client_id,
        generation=row.generation,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        successor_hash=row.successor_hash,
    )
