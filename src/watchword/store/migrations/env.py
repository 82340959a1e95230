"""Alembic's way in: the connection, and its transaction, are those of `watchword.store.schema`."""

from alembic import context

from watchword.store.schema import VERSION_TABLE
from watchword.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite can roll back DDL; Alembic says it cannot, because the driver's own transactions could not.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
