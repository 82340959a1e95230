"""The one clock that all processes of an installation share."""

from sqlalchemy import Connection, text

_STATEMENTS = {
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
    "postgresql": text("SELECT extract(epoch FROM clock_timestamp())"),
}


def database_time(connection: Connection) -> float:
    """The database's clock at this moment, not at the transaction's beginning; UTC epoch seconds."""
    return float(connection.execute(_STATEMENTS[connection.dialect.name]).scalar_one())
