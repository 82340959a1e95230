"""How a migration says which older code may run on the schema that it makes."""

from sqlalchemy import Connection, column, delete, insert, table

_compatibility = table("schema_compatibility", column("id"), column("revision"), column("oldest_code"))


def state_window(connection: Connection, *, revision: str, oldest_code: str) -> None:
    """Say it, in the transaction of the migration, in place of what the one before said.

    Args:
        connection: the migration's.
        revision: the one that the migration makes. A statement about another revision counts for nothing, so that a
            migration that forgets to speak allows nobody.
        oldest_code: the oldest ``HEAD`` whose code may read and write this schema: the one before for a migration that
            only adds, its own for one that takes away.
    """
    connection.execute(delete(_compatibility))
    connection.execute(insert(_compatibility).values(id=1, revision=revision, oldest_code=oldest_code))
