"""What the doctor sees from inside, and that it sees what is wrong."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from watchword.admin.desk import AdminDesk
from watchword.admin.health import look_at_files, look_at_installation
from watchword.admin.installation import look, rename
from watchword.clock import SettableClock, SystemClock
from watchword.store.engine import open_store
from watchword.store.migrations.window import state_window
from watchword.store.schema import HEAD
from watchword.store.sealing import MasterKey
from watchword.store.sqlite_engine import SQLiteStore

pytestmark = pytest.mark.anyio

ISSUER = "http://localhost:8400"


async def test_a_sound_installation(desk: AdminDesk, master_key: MasterKey) -> None:
    await desk.keys.start()
    findings = await look_at_installation(desk.store, master_key=master_key, issuer=ISSUER, clock=SystemClock())
    assert {one.verdict for one in findings} == {"ok"}, findings
    assert {one.what for one in findings} >= {"schema", "issuer", "master key", "signing key ES256", "clock"}


async def test_what_is_wrong_is_seen_all_at_once(desk: AdminDesk) -> None:
    other = MasterKey(bytes(32))
    findings = await look_at_installation(
        desk.store, master_key=other, issuer="https://other.example.com", clock=SettableClock(0)
    )
    wrong = {one.what for one in findings if one.verdict == "problem"}
    assert wrong == {"issuer", "master key", "signing key ES256", "signing key RS256", "clock"}


def damage(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - size // 4)
        file.write(b"\xff" * (size // 4))


async def test_damage_that_no_statement_has_met_is_seen(desk: AdminDesk, master_key: MasterKey) -> None:
    """R29."""
    if not isinstance(desk.store, SQLiteStore):
        pytest.skip("PostgreSQL looks after its own pages")
    await desk.keys.start()
    (path,) = await desk.store.read(
        lambda connection: connection.execute(text("SELECT file FROM pragma_database_list")).scalars().all()
    )
    await desk.store.close()
    damage(Path(path))
    store = open_store(f"sqlite:///{path}")
    try:
        findings = await look_at_installation(store, master_key=master_key, issuer=ISSUER, clock=desk.clock)
    finally:
        await store.close()
    assert any("damaged" in one.found for one in findings if one.verdict == "problem"), findings


async def test_a_database_without_a_schema(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    try:
        (finding,) = await look_at_installation(store, master_key=None, issuer=ISSUER, clock=SystemClock())
    finally:
        await store.close()
    assert (finding.what, finding.verdict) == ("schema", "problem")


def test_files_that_others_can_read(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.touch(0o600)
    bad.touch()
    bad.chmod(0o640)
    verdicts = [one.verdict for one in look_at_files([good, bad, tmp_path / "missing"])]
    assert verdicts == ["ok", "problem", "problem"]


async def test_a_renamed_issuer_is_recorded_once(desk: AdminDesk) -> None:
    new = "http://localhost:9400"
    assert await rename(desk.store, issuer=new, now=desk.clock.now()) == ISSUER
    assert await rename(desk.store, issuer=new, now=desk.clock.now()) is None
    assert (await look(desk.store)).issuer == new


@pytest.mark.parametrize(("oldest", "verdict"), [(HEAD, "ok"), ("9999", "problem")])
async def test_a_newer_schema_is_told_with_its_window(
    desk: AdminDesk, master_key: MasterKey, oldest: str, verdict: str
) -> None:
    """R63"""

    def move_on(connection: Connection) -> None:
        connection.execute(text("UPDATE watchword_schema SET version_num = '9999'"))
        state_window(connection, revision="9999", oldest_code=oldest)

    await desk.keys.start()
    await desk.store.write(move_on)
    found = await look_at_installation(desk.store, master_key=master_key, issuer=ISSUER, clock=SystemClock())
    assert (found[0].what, found[0].verdict) == ("schema", verdict)
    assert "newer version" in found[0].found or "newer than this version" in found[0].found
