"""Authorization codes at rest: hashed, bound, used once.

A used row stays until it is cleaned up: a second use must still be recognised for what it is (O20).
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, select, update

from watchword.store.prepared import Prepared
from watchword.store.tables import authorization_codes

_FIND = Prepared(select(authorization_codes).where(authorization_codes.c.code_hash == bindparam("wanted")))
_USE = Prepared(
    update(authorization_codes)
    .where(authorization_codes.c.code_hash == bindparam("used"), authorization_codes.c.used_at.is_(None))
    .values(used_at=bindparam("now"))
    .returning(authorization_codes.c.code_hash)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """One code. ``redirect_uri_sent`` says that the token request must repeat the redirect URI."""

    code_hash: str = field(repr=False)
    grant_id: str
    client_id: str
    redirect_uri: str
    redirect_uri_sent: bool
    code_challenge: str | None
    created_at: float
    expires_at: float
    used_at: float | None = None


def create(connection: Connection, code: AuthorizationCode) -> None:
    """Write ``code``."""
    connection.execute(
        insert(authorization_codes).values(
            code_hash=code.code_hash,
            grant_id=code.grant_id,
            client_id=code.client_id,
            redirect_uri=code.redirect_uri,
            redirect_uri_sent=code.redirect_uri_sent,
            code_challenge=code.code_challenge,
            created_at=code.created_at,
            expires_at=code.expires_at,
            used_at=code.used_at,
        )
    )


def find(connection: Connection, code_hash: str) -> AuthorizationCode | None:
    """The code with this hash, used or not; None when there is none."""
    row = _FIND.first(connection, {"wanted": code_hash})
    if row is None:
        return None
    return AuthorizationCode(
        code_hash=row.code_hash,
        grant_id=row.grant_id,
        client_id=row.client_id,
        redirect_uri=row.redirect_uri,
        redirect_uri_sent=row.redirect_uri_sent,
        code_challenge=row.code_challenge,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def use(connection: Connection, code_hash: str, *, now: float) -> bool:
    """Mark the code used; True for exactly one caller, whatever runs at the same time (O21)."""
    return _USE.first(connection, {"used": code_hash, "now": now}) is not None
