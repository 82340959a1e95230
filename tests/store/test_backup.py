"""R66: a copy of the data file, made while others write, is one moment and not two."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from tests.store.durability_worker import add

from watchword.store.backup import back_up
from watchword.store.engine import Store, open_store
from watchword.store.errors import StoreError
from watchword.store.tables import leases, setup_links

pytestmark = pytest.mark.anyio


@pytest.fixture
def data_file(sqlite_template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "data.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    return path


def start_counting(connection: Connection) -> None:
    connection.execute(insert(leases).values(name="rows", holder="nobody", fence=0, expires_at=0))


def both(connection: Connection) -> tuple[int, int]:
    rows = connection.execute(select(func.count()).select_from(setup_links)).scalar_one()
    return int(rows), int(connection.execute(select(leases.c.fence)).scalar_one())


async def test_while_others_write(data_file: Path, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{data_file}")
    await store.write(start_counting)
    is_over = asyncio.Event()

    async def keep_writing(store: Store, number: int) -> int:
        written = 0
        while not is_over.is_set():
            await store.write(partial(add, name=f"{number}/{written}"))
            written += 1
        return written

    writing = [asyncio.create_task(keep_writing(store, number)) for number in range(4)]
    found = []
    for number in range(5):
        copy = tmp_path / f"copy-{number}"
        await asyncio.to_thread(back_up, data_file, copy)
        copied = open_store(f"sqlite:///{copy}")
        rows, counted = await copied.read(both)
        await copied.close()
        assert rows == counted, "half of a transaction is in the copy"
        found.append(rows)
    is_over.set()
    assert sum(await asyncio.gather(*writing)) >= found[-1]
    assert found == sorted(found)
    await store.close()


def test_a_damaged_file_is_no_backup(data_file: Path, tmp_path: Path) -> None:
    content = bytearray(data_file.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    data_file.write_bytes(content)
    with pytest.raises(StoreError):
        back_up(data_file, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_nothing_is_left_where_it_cannot_be_written(data_file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(data_file, tmp_path / "missing" / "copy")
    (tmp_path / "copy").write_bytes(b"mine")
    with pytest.raises(StoreError, match="replaces nothing"):
        back_up(data_file, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"mine"


def test_it_writes_through_no_name_that_waits_there(data_file: Path, tmp_path: Path) -> None:
    """In a folder where others write too, somebody may have laid out a link under the name of the next one."""
    folder, victim = tmp_path / "shared", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("somebody else's")
    (folder / ".copy.unfinished").symlink_to(victim)
    back_up(data_file, folder / "copy")
    assert victim.read_text() == "somebody else's"
    assert not (folder / "copy").is_symlink()
