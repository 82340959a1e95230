"""The acr registry: what each value promises."""

from sqlalchemy import Connection, select

from watchword.store.tables import authentication_contexts


def names(connection: Connection) -> list[str]:
    """Every value of ``acr`` this issuer can give, weakest first."""
    table = authentication_contexts
    return list(connection.execute(select(table.c.acr).order_by(table.c.level)).scalars())
