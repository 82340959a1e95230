"""An INSERT that leaves a row alone which is already there: both databases have it, SQL does not."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_absent(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of ``rows`` whose primary or unique key is not taken yet; of two at once, one wins.

    Args:
        connection: the caller's transaction.
        table: where.
        rows: column names to values; none may be empty.
    """
    values = [dict(row) for row in rows]
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415  a tenth of a second that SQLite has no use for

        connection.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())
    else:
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415  the same the other way round

        connection.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
