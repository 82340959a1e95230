"""Migrations: they make the schema that the tables declare, wholly or not at all."""

import asyncio
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from watchword.store import schema
from watchword.store.engine import Store, open_store
from watchword.store.errors import SchemaAheadError, SchemaBehindError, StoreError
from watchword.store.migrations.window import state_window
from watchword.store.tables import metadata
from watchword.store.tables.trust import WHERE

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = pytest.mark.anyio

# Everything that PostgreSQL knows of a schema, in lines that can be compared.
_POSTGRES_SCHEMA = text(
    """
    SELECT concat_ws(' ', 'column', table_name, column_name, data_type, character_maximum_length, is_nullable,
                     column_default, is_identity)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(' ', 'index', indexdef) FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT concat_ws(' ', 'sequence', sequencename) FROM pg_sequences WHERE schemaname = 'public'
    """
)


def described(connection: Connection) -> set[str]:
    """What the database itself says its schema is, but for the table of versions."""
    if connection.dialect.name == "postgresql":
        lines = connection.execute(_POSTGRES_SCHEMA).scalars().all()
    else:
        rows = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master"))
        lines = [line for table, sql in rows for line in _definitions(table, sql)]
    return {line for line in lines if schema.VERSION_TABLE not in line}


def _definitions(table: str, sql: str | None) -> Iterator[str]:
    """Each column and constraint of one statement; in SQLite their text is all there is."""
    for line in (sql or "").splitlines():
        # A column that a migration added stands behind another, on the same line.
        for definition in re.split(r",\s+(?![^(]*\))", line.strip().rstrip(",")):
            yield f"{table}: {definition}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two databases of one kind with nothing in them."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'one.sqlite'}", f"sqlite:///{tmp_path / 'two.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    names = [f"empty_{uuid.uuid4().hex}" for _ in range(2)]
    server.execute(*(f"CREATE DATABASE {name}" for name in names))
    yield server.url(names[0]), server.url(names[1])
    server.execute(*(f"DROP DATABASE {name} WITH (FORCE)" for name in names))


async def schema_of(url: str) -> set[str]:
    store = open_store(url)
    try:
        return await store.read(described)
    finally:
        await store.close()


def declare(connection: Connection) -> None:
    """Create what the tables say, partial indexes included."""
    for index in (index for table in metadata.sorted_tables for index in table.indexes):
        if WHERE in index.info:
            index.dialect_kwargs[f"{connection.dialect.name}_where"] = text(index.info[WHERE])
    metadata.create_all(connection)


async def test_migrations_make_what_the_tables_declare(empty_urls: tuple[str, str]) -> None:
    migrated, declared = empty_urls
    schema.migrate(migrated)
    store = open_store(declared)
    await store.write(declare)
    await store.close()
    expected = await schema_of(declared)
    assert len(expected) > 200
    assert await schema_of(migrated) == expected


async def test_migrating_again_changes_nothing(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    schema.migrate(url)
    before = await schema_of(url)
    schema.migrate(url)
    assert await schema_of(url) == before


async def test_the_revision_is_told(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    store = open_store(url)
    try:
        assert await store.read(schema.current_revision) is None
        assert not await store.read(schema.is_current)
        with pytest.raises(SchemaBehindError):
            await store.read(schema.check_current)
        schema.migrate(url)
        assert await store.read(schema.current_revision) == schema.HEAD
        assert await store.read(schema.is_current)
        await store.read(schema.check_current)
    finally:
        await store.close()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "watchword.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


async def test_a_newer_schema_is_refused(store: Store, store_url: str) -> None:
    """R63: this version does not touch what a newer one made."""
    await store.write(
        lambda connection: connection.execute(text("UPDATE watchword_schema SET version_num = '9999'")).rowcount
    )
    assert not await store.read(schema.is_current)
    with pytest.raises(StoreError, match="newer version"):
        schema.migrate(store_url)


def widen(connection: Connection, *, oldest_code: str, revision: str = "9999") -> None:
    """What a newer version's migration does: a table more, a column more, and its word on older code."""
    connection.execute(text("CREATE TABLE newer (x integer)"))
    connection.execute(text("ALTER TABLE users ADD COLUMN newer integer"))
    connection.execute(text("UPDATE watchword_schema SET version_num = '9999'"))
    state_window(connection, revision=revision, oldest_code=oldest_code)


async def test_a_newer_schema_that_allows_this_version_is_used_and_left_alone(store: Store, store_url: str) -> None:
    """R60"""
    await store.write(partial(widen, oldest_code=schema.HEAD))
    before = await store.read(described)
    await store.read(schema.check_current)
    assert schema.migrate(store_url) == "9999"
    assert await store.read(described) == before
    assert await store.read(schema.current_revision) == "9999"


@pytest.mark.parametrize(
    ("oldest_code", "revision"),
    [pytest.param("9999", "9999", id="it takes away"), pytest.param(schema.HEAD, "9998", id="it says nothing itself")],
)
async def test_a_newer_schema_that_does_not_allow_this_version_is_refused(
    store: Store, store_url: str, oldest_code: str, revision: str
) -> None:
    """R63: what a migration before it allowed counts for nothing."""
    await store.write(partial(widen, oldest_code=oldest_code, revision=revision))
    for attempt in (store.read(schema.check_current), asyncio.to_thread(schema.migrate, store_url)):
        with pytest.raises(SchemaAheadError, match="restore the backup") as refused:
            await attempt
        assert refused.value.code == "schema_ahead"
    assert await store.read(schema.current_revision) == "9999"


async def test_the_newest_migration_speaks_for_itself(store: Store) -> None:
    """A migration without a word would stop every older process."""
    stated = text("SELECT revision, oldest_code FROM schema_compatibility")
    revision, oldest = await store.read(lambda connection: tuple(connection.execute(stated).one()))
    assert revision == schema.HEAD
    assert oldest <= schema.HEAD


def test_revisions_grow_along_the_chain() -> None:
    """They are compared."""
    config = Config()
    config.set_main_option("script_location", "watchword.store:migrations")
    chain = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert chain == sorted(chain, reverse=True)
    assert all(re.fullmatch("[0-9]{4}", one) for one in chain)


_KILLED_AT = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from watchword.store.schema import migrate

@event.listens_for(Engine, "after_cursor_execute")
def end(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)

migrate(sys.argv[1])
"""


@pytest.mark.parametrize("point", ["CREATE TABLE leases", "INSERT INTO watchword_schema", "INSERT INTO schema_compat"])
async def test_a_migration_that_is_killed_leaves_nothing_and_the_next_completes(
    empty_urls: tuple[str, str], point: str
) -> None:
    """R61: by SIGKILL, in the middle and at its last statements."""
    url, _ = empty_urls
    program = [sys.executable, "-c", _KILLED_AT, url, point]
    killed = await asyncio.to_thread(subprocess.run, program, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    store = open_store(url)
    try:
        assert await store.read(described) == set()
        assert await store.read(schema.current_revision) is None
        assert schema.migrate(url) == schema.HEAD
        await store.read(schema.check_current)
    finally:
        await store.close()


async def test_a_migration_that_fails_half_way_leaves_nothing(empty_urls: tuple[str, str]) -> None:
    """R61: on SQLite as well. The table made beforehand stands in the way of the migration's last step."""
    url, _ = empty_urls
    store = open_store(url)
    await store.write(lambda connection: connection.execute(text("CREATE TABLE leases (x integer)")) and None)
    before = await store.read(described)
    with pytest.raises(Exception, match="leases"):
        schema.migrate(url)
    assert await store.read(described) == before
    assert await store.read(schema.current_revision) is None
    await store.write(lambda connection: connection.execute(text("DROP TABLE leases")) and None)
    schema.migrate(url)
    assert await store.read(schema.is_current)
    await store.close()


@pytest.mark.exhaustive
def test_two_processes_may_migrate_at_once(empty_urls: tuple[str, str]) -> None:
    url, _ = empty_urls
    program = "import sys; from watchword.store.schema import migrate; migrate(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_migration_waits_for_another_as_long_as_it_takes(
    postgres_server: "PostgresServer", postgres_database: str
) -> None:
    """Longer than any statement of a request may take."""
    url = postgres_server.url(postgres_database)
    await _forget_revision(url)
    other = await asyncpg.connect(url)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1)", schema._MIGRATION_LOCK)
        migrating = asyncio.create_task(asyncio.to_thread(schema.migrate, url))
        await asyncio.sleep(3)
        assert not migrating.done()
        await other.execute("INSERT INTO watchword_schema VALUES ($1)", schema.HEAD)
    await other.close()
    await migrating


async def _forget_revision(url: str) -> None:
    store = open_store(url)
    await store.write(lambda connection: connection.execute(text("DELETE FROM watchword_schema")).rowcount)
    await store.close()


def test_asking_for_the_revision_does_not_load_alembic(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "store.sqlite"
    shutil.copyfile(sqlite_template, path)
    program = (
        "import sys, pathlib\n"
        "from watchword.store import schema\n"
        "from watchword.store.sqlite_engine import make_engine\n"
        "with make_engine(pathlib.Path(sys.argv[1]), writes=False).connect() as connection:\n"
        "    assert schema.is_current(connection)\n"
        "schema.migrate('sqlite:///' + sys.argv[1])\n"
        "assert not [name for name in sys.modules if name.startswith(('alembic', 'mako', 'asyncpg', 'greenlet'))]\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(path)], check=True, timeout=60)


def test_a_migrated_file_is_private_and_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    schema.migrate(f"sqlite:///{path}")
    assert path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
