"""Signing keys at rest: public half in the open, private half sealed, life in one column.

next -> active -> retiring -> retired, or compromised from any of them. Two partial unique indexes allow one ``next``
and one ``active`` key for each purpose and algorithm, so that of two rotators one loses (R02).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, bindparam, func, literal_column, select, update

from watchword.store.repositories.inserting import insert_absent
from watchword.store.tables import signing_keys

# Built once: they run with every token.
_FIND = select(signing_keys).where(signing_keys.c.kid == bindparam("wanted"))
_LIST_ALL = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid)

Purpose = Literal["token", "feed"]
State = Literal["next", "active", "retiring", "retired", "compromised"]

_ENTERED_AT = {
    "next": "published_at",
    "active": "activated_at",
    "retiring": "retiring_at",
    "retired": "retired_at",
    "compromised": "compromised_at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key. Times are UTC epoch seconds, each set when the key entered that state."""

    kid: str
    purpose: Purpose
    algorithm: str
    state: State
    public_jwk: Mapping[str, Any]
    sealed_private_jwk: bytes = field(repr=False)
    created_at: float
    published_at: float | None = None
    activated_at: float | None = None
    retiring_at: float | None = None
    retired_at: float | None = None
    compromised_at: float | None = None


def insert_unless_taken(connection: Connection, key: SigningKey) -> bool:
    """Write ``key``; False when its place (purpose, algorithm, state) is taken and nothing was written."""
    values = {name: getattr(key, name) for name in SigningKey.__dataclass_fields__}
    insert_absent(connection, signing_keys, [{**values, "public_jwk": dict(key.public_jwk)}])
    return find(connection, key.kid) is not None


def find(connection: Connection, kid: str) -> SigningKey | None:
    """The key ``kid`` in whatever state; None when there is none."""
    row = connection.execute(_FIND, {"wanted": kid}).first()
    return None if row is None else _key(row)


def find_in_state(connection: Connection, purpose: Purpose, algorithm: str, state: State) -> SigningKey | None:
    """The one key in this place (``next`` and ``active`` hold one at most); the newest of several."""
    statement = (
        select(signing_keys)
        .where(
            signing_keys.c.purpose == purpose,
            signing_keys.c.algorithm == algorithm,
            signing_keys.c.state == state,
        )
        .order_by(signing_keys.c.created_at.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else _key(row)


def list_all(connection: Connection) -> list[SigningKey]:
    """Every key, oldest first."""
    return [_key(row) for row in connection.execute(_LIST_ALL)]


def move(connection: Connection, kid: str, *, expected: State, to: State, now: float) -> bool:
    """Move the key from state ``expected`` to ``to``; False when it is no longer there (another rotator was first)."""
    statement = (
        update(signing_keys)
        .where(signing_keys.c.kid == kid, signing_keys.c.state == expected)
        .values({"state": to, _ENTERED_AT[to]: now})
        .returning(signing_keys.c.kid)
    )
    return connection.execute(statement).first() is not None


def count_signing(kids: Collection[ColumnElement[str]]) -> ScalarSelect[int]:
    """How many of ``kids`` may have their signatures believed: a part of somebody else's statement."""
    # Written out: as parameters, SQLite would plan the whole statement anew each time it runs.
    is_signing = signing_keys.c.state.in_((literal_column("'active'"), literal_column("'retiring'")))
    return select(func.count()).where(signing_keys.c.kid.in_(kids), is_signing).scalar_subquery()


def _key(row: Row[Any]) -> SigningKey:
    return SigningKey(**{name: getattr(row, name) for name in SigningKey.__dataclass_fields__})
