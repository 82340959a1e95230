"""The database's clock, asked inside a job."""

from sqlalchemy import Connection, text

_SQLITE = text("SELECT (julianday('now') - 2440587.5) * 86400.0")
_POSTGRESQL = text("SELECT extract(epoch FROM clock_timestamp())")


def database_time(connection: Connection) -> float:
    """What the database's clock shows now, UTC epoch seconds."""
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    return float(connection.execute(statement).scalar_one())
