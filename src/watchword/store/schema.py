"""The schema of the database: which one it has, and how it gets the one this version needs.

Asking is cheap. Alembic is imported only to migrate: it costs as much memory and time as everything else.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine, column, event, inspect, select, table, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from watchword.store.engine import parse_url, sqlite_path
from watchword.store.errors import SchemaAheadError, SchemaBehindError
from watchword.store.tables.operations import schema_compatibility

HEAD = "0009"
VERSION_TABLE = "watchword_schema"
_MIGRATION_LOCK = 0x57574D49475241  # "WWMIGRA": an advisory lock of PostgreSQL that only migrations take

_AHEAD = (
    "the database was migrated by a newer version of Watchword, which this version cannot work with: "
    "install that version, or restore the backup made before the upgrade"
)

_versions = table(VERSION_TABLE, column("version_num"))


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at; none when it was never migrated."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_versions.c.version_num)).scalar_one_or_none()


def is_current(connection: Connection) -> bool:
    """Whether this version works with the schema: it is `HEAD`, or a newer one that says so itself."""
    revision = current_revision(connection)
    return revision == HEAD or _is_allowed(connection, revision)


def check_current(connection: Connection) -> None:
    """Make sure of `is_current`.

    Raises:
        SchemaBehindError: the schema is an older one.
        SchemaAheadError: it is a newer one that this version must not touch.
    """
    if is_current(connection):
        return
    revision = current_revision(connection)
    detail = f"at {revision}, needs {HEAD}"
    if revision is not None and revision > HEAD:
        raise SchemaAheadError(_AHEAD, detail=detail)
    raise SchemaBehindError("the database schema must be migrated first: run `watchword migrate`", detail=detail)


def require_own(connection: Connection) -> None:
    """Make sure that the schema is exactly `HEAD`, for what must know every table: a newer schema may have one more.

    Raises:
        SchemaBehindError: the schema is an older one.
        SchemaAheadError: it is a newer one, even if this version may serve on it.
    """
    check_current(connection)
    revision = current_revision(connection)
    if revision != HEAD:
        raise SchemaAheadError(
            "the database was migrated by a newer version of Watchword: use that version for this",
            detail=f"at {revision}, needs exactly {HEAD}",
        )


def _is_allowed(connection: Connection, revision: str | None) -> bool:
    """Whether ``revision`` is newer than this code and names it, or something older, as good enough."""
    if revision is None or revision <= HEAD or not inspect(connection).has_table(schema_compatibility.name):
        return False
    stated = select(schema_compatibility.c.oldest_code).where(schema_compatibility.c.revision == revision)
    oldest = connection.execute(stated).scalar_one_or_none()
    return oldest is not None and oldest <= HEAD


def migrate(url: str) -> str:
    """Bring the database at ``url`` to `HEAD`, in one transaction: wholly or not at all, by one process at a time.

    A newer schema that allows this version is left as it is.

    Args:
        url: as for `watchword.store.engine.open_store`; the database itself must exist.

    Returns:
        The revision that the database is at.

    Raises:
        SchemaAheadError: the schema is a newer one, which does not allow this version.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _migrate_sqlite(parsed)
    with ThreadPoolExecutor(1) as thread:  # a loop of its own: the caller may be inside one
        return thread.submit(asyncio.run, _migrate_postgres(parsed)).result()


def _migrate_sqlite(url: URL) -> str:
    from watchword.store.data_file import FileLock, create_private, lock_path  # noqa: PLC0415
    from watchword.store.sqlite_engine import make_engine  # noqa: PLC0415

    path = sqlite_path(url)
    create_private(path)
    engine: Engine = make_engine(path, writes=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    lock = FileLock(lock_path(path))
    try:
        with lock.held(), engine.begin() as connection:
            return _upgrade(connection)
    finally:
        lock.close()
        engine.dispose()


async def _migrate_postgres(url: URL) -> str:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415  needs greenlet, which is an extra

    from watchword.store.postgres_engine import connect  # noqa: PLC0415

    dsn = url.render_as_string(hide_password=False)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: connect(dsn, patient=True), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> str:
    """Run what is missing on ``connection``, inside its transaction."""
    if is_current(connection):
        return current_revision(connection) or HEAD
    from alembic import command  # noqa: PLC0415  see the module
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "watchword.store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaAheadError(_AHEAD, detail=str(error)) from error
    return HEAD
