"""R21: the disk of PostgreSQL is full. Writes are refused for as long as that lasts, reads go on, nothing is broken."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.faults.postgres import PostgresServer

from watchword.store.errors import StoreUnavailableError
from watchword.store.postgres_engine import PostgresStore

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a small disk is root's to mount"),
]

SIZE = 160 * 2**20  # bytes; a new cluster takes half of it
_ROWS = 200  # of some 8 kB, so that a job needs pages that the table does not have yet


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    place = Path("/tmp") / f"watchword-disk-{os.getpid()}"
    place.mkdir(mode=0o755)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip("nothing may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


@pytest.fixture
def postgres(disk: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL on that disk."""
    server = PostgresServer(durable=True, within=disk)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    filler = disk / "filler"
    piece = b"\0" * 2**20
    with filler.open("wb", buffering=0) as file:
        while piece:
            try:
                while file.write(piece) == len(piece):
                    pass
            except OSError:
                piece = piece[: len(piece) // 2]
    return filler


def make_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE wide (text text)"))
    connection.execute(text("ALTER TABLE wide ALTER COLUMN text SET STORAGE EXTERNAL"))


def widen(connection: Connection) -> None:
    statement = text("INSERT INTO wide SELECT repeat('x', 8000) FROM generate_series(1, :rows)")
    connection.execute(statement, {"rows": _ROWS})


def width(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM wide")).scalar_one())


async def writes_until_refused(store: PostgresStore) -> int:
    """How many more there were: what was allocated already may still be used up."""
    for written in range(200):
        try:
            await store.write(widen)
        except StoreUnavailableError:
            return written
    raise AssertionError("the disk was not full")


def damage(connection: Connection) -> int:
    """What PostgreSQL's own examiner has to say against the table."""
    connection.execute(text("CREATE EXTENSION amcheck"))
    return int(connection.execute(text("SELECT count(*) FROM verify_heapam('wide')")).scalar_one())


async def test_a_full_disk_refuses_writes_and_lets_reads_go_on(postgres: PostgresServer, disk: Path) -> None:
    store = PostgresStore(postgres.url())
    try:
        await store.write(make_table)
        await store.write(widen)
        filler = fill(disk)
        acknowledged = 1 + await writes_until_refused(store)
        assert await store.read(width) == acknowledged * _ROWS
        filler.unlink()
        await store.write(widen)  # by itself, as soon as there is room
        assert await store.read(width) == (acknowledged + 1) * _ROWS
        assert await store.write(damage) == 0
    finally:
        await store.close()
