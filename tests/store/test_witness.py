"""R25: a database that was put back is known by a file outside it, whatever other replicas have done since."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, update
from tests.conftest import NOW

from watchword.store.engine import Store
from watchword.store.errors import RestoredError, WitnessError
from watchword.store.position import Position, Remembered, judge, later
from watchword.store.repositories import journal, witnesses
from watchword.store.repositories.journal import NewEntry
from watchword.store.tables import journal_head, restores
from watchword.store.tables import witnesses as table
from watchword.store.witness import Witness
from watchword.store.witness_file import WitnessFile

pytestmark = pytest.mark.anyio

SECRET = bytes(range(32))
SEEN = Remembered("w", 7, Position("i", 3, "j", 40))


@pytest.mark.parametrize(
    ("found", "mark", "verdict", "reason"),
    [
        (Position("i", 3, "j", 40), 7, "ours", ""),
        (Position("i", 3, "j", 99), 8, "ours", ""),
        (Position("i", 3, "j", 39), 7, "restored", "ends at 39, and had come to 40"),
        (Position("i", 3, "j", 40), 6, "restored", "before this witness last looked"),
        (Position("i", 3, "j", 99), None, "restored", "does not know this witness"),
        (Position("i", 3, "k", 99), 9, "restored", "journal is another one"),
        (Position("i", 2, "j", 99), 9, "restored", "before a restore that was acknowledged"),
        (Position("i", 4, "k", 0), None, "acknowledged", ""),
        (Position("x", 9, "j", 99), 9, "restored", "another installation"),
    ],
)
def test_what_is_thought_of_a_database(found: Position, mark: int | None, verdict: str, reason: str) -> None:
    judgement = judge(SEEN, found, mark)
    assert judgement.verdict == verdict
    assert reason in judgement.reason


def test_of_two_memories_the_later_one_counts() -> None:
    further = Remembered("w", 8, Position("i", 3, "j", 40))
    acknowledged = Remembered("v", 1, Position("i", 4, "k", 1))
    assert later(None, None) is None
    assert later(SEEN, None) is later(None, SEEN) is SEEN
    assert later(SEEN, further) is further
    assert later(acknowledged, further) is acknowledged


def test_the_file_is_private_and_never_goes_back(tmp_path: Path) -> None:
    file = WitnessFile(tmp_path / "witness", SECRET)
    assert file.read() is None
    previous = os.umask(0)
    try:
        file.write(SEEN)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.write(Remembered("w", 6, SEEN.position))
    assert file.read() == SEEN
    file.replace(Remembered("v", 1, Position("i", 0, "j", 0)))
    assert file.read() == Remembered("v", 1, Position("i", 0, "j", 0))
    assert {path.name for path in tmp_path.iterdir()} == {"witness", "witness.lock"}


def _raise_a_number(content: bytes) -> bytes:
    members = json.loads(content)
    return json.dumps({**members, "seq": 0}).encode()


@pytest.mark.parametrize(
    "change", [_raise_a_number, lambda content: content[:-30], lambda _: b"", lambda _: b"[]", lambda _: b"\xff" * 5000]
)
def test_a_file_that_was_touched_is_not_believed(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    file = WitnessFile(tmp_path / "witness", SECRET)
    file.write(SEEN)
    file.path.write_bytes(change(file.path.read_bytes()))
    with pytest.raises(WitnessError):
        file.read()


def test_another_installations_file_is_not_believed(tmp_path: Path) -> None:
    WitnessFile(tmp_path / "witness", SECRET).write(SEEN)
    with pytest.raises(WitnessError, match="not written by this installation"):
        WitnessFile(tmp_path / "witness", bytes(32)).read()


def test_a_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    file = WitnessFile(tmp_path / "witness", SECRET)
    file.write(SEEN)
    file.path.chmod(0o620)
    with pytest.raises(WitnessError, match="writable by others"):
        file.read()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(WitnessError, match="cannot be written"):
        WitnessFile(tmp_path / "missing" / "witness", SECRET).write(SEEN)


def witness_at(store: Store, path: Path) -> Witness:
    return Witness(store, WitnessFile(path, SECRET))


def revoke(connection: Connection) -> int:
    return journal.append(connection, [NewEntry("token", "d" * 22, NOW + 600)], now=NOW)


def go_back(connection: Connection, seq: int) -> None:
    connection.execute(update(journal_head).values(seq=seq))


async def test_a_new_witness_joins_and_an_old_one_goes_on(store: Store, tmp_path: Path) -> None:
    await witness_at(store, tmp_path / "one").bear(now=NOW)
    await witness_at(store, tmp_path / "two").bear(now=NOW)
    await store.write(revoke)
    again = witness_at(store, tmp_path / "one")
    assert await again.has_moved()
    await again.bear(now=NOW + 1)
    assert not await again.has_moved()
    assert (await witness_at(store, tmp_path / "two").look()).verdict == "ours", "it is behind, which accuses nobody"


async def test_a_journal_that_is_shorter_is_noticed(store: Store, tmp_path: Path) -> None:
    await store.write(revoke)
    await witness_at(store, tmp_path / "w").bear(now=NOW)
    await store.write(lambda connection: go_back(connection, 0))
    with pytest.raises(RestoredError, match="ends at 0, and had come to 1"):
        await witness_at(store, tmp_path / "w").bear(now=NOW)


async def test_each_witness_has_its_own_mark_so_that_others_cannot_catch_up_for_it(
    store: Store, tmp_path: Path
) -> None:
    """Nothing was withdrawn after the backup, and another replica has been at work on the copy for long."""
    one = witness_at(store, tmp_path / "one")
    await one.bear(now=NOW)
    before = await store.read(lambda connection: connection.execute(table.select()).all())
    await one.bear(now=NOW)

    def put_back(connection: Connection) -> None:
        connection.execute(delete(table))
        for row in before:
            connection.execute(table.insert().values(**row._mapping))

    await store.write(put_back)
    other = witness_at(store, tmp_path / "other")
    for _ in range(5):
        await other.bear(now=NOW)
    assert (await other.look()).verdict == "ours"
    assert (await witness_at(store, tmp_path / "one").look()).verdict == "restored"
    assert (await one.look()).verdict == "restored", "it remembers without its file too"


async def test_an_acknowledged_restore_is_joined_and_one_from_before_it_is_refused(
    store: Store, tmp_path: Path
) -> None:
    witness = witness_at(store, tmp_path / "w")
    await witness.bear(now=NOW)

    def acknowledge(connection: Connection) -> None:
        connection.execute(update(journal_head).values(journal_id="another"))
        witnesses.begin_generation(connection, at_least=0, journal_id="another", now=NOW)

    await store.write(acknowledge)
    assert (await witness.look()).verdict == "acknowledged"
    await witness.bear(now=NOW)
    assert (await witness.look()).verdict == "ours"
    await store.write(lambda connection: connection.execute(delete(restores)))
    assert "before a restore that was acknowledged" in (await witness_at(store, tmp_path / "w").look()).reason


async def test_a_generation_is_greater_than_any_that_was_seen(store: Store) -> None:
    first = await store.write(
        lambda connection: witnesses.begin_generation(connection, at_least=0, journal_id="a", now=NOW)
    )
    second = await store.write(
        lambda connection: witnesses.begin_generation(connection, at_least=NOW + 50, journal_id="b", now=NOW - 1000)
    )
    assert (first, second) == (NOW, NOW + 51)


async def test_a_command_follows_only_where_there_is_a_witness(store: Store, tmp_path: Path) -> None:
    await witness_at(store, tmp_path / "w").follow(now=NOW)
    assert not (tmp_path / "w").exists()
    await witness_at(store, tmp_path / "w").bear(now=NOW)
    await store.write(revoke)
    await witness_at(store, tmp_path / "w").follow(now=NOW)
    assert not await witness_at(store, tmp_path / "w").has_moved()
    await store.write(lambda connection: go_back(connection, 0))
    await witness_at(store, tmp_path / "w").follow(now=NOW)
    assert (await witness_at(store, tmp_path / "w").look()).verdict == "restored", "it does not agree to that"


async def test_who_was_away_for_too_long_is_forgotten(store: Store, tmp_path: Path) -> None:
    await witness_at(store, tmp_path / "old").bear(now=NOW)
    await witness_at(store, tmp_path / "new").bear(now=NOW + witnesses.FORGET_AFTER + 1)
    assert (await witness_at(store, tmp_path / "old").look()).verdict == "restored"
