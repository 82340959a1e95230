"""A database that is put back from a real backup: a copied data file, or pg_dump and pg_restore."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.postgres import PostgresServer

from watchword.store.backup import back_up


@dataclass(frozen=True)
class Archive:
    """One database and what was saved of it.

    Args:
        url: where it is.
        server: the server it is on; None for SQLite.
    """

    url: str
    server: PostgresServer | None

    def save(self) -> bytes:
        """A backup, made while others may be writing."""
        if self.server is not None:
            return self.server.dump(self._name)
        with tempfile.TemporaryDirectory() as directory:
            copy = Path(directory) / "copy"
            back_up(self._path, copy)
            return copy.read_bytes()

    def put_back(self, saved: bytes) -> None:
        """Put ``saved`` in the database's place, as an operator does: another data file, without the old log."""
        if self.server is not None:
            self.server.put_back(self._name, saved)
            return
        for companion in ("-wal", "-shm"):
            Path(f"{self._path}{companion}").unlink(missing_ok=True)
        copy = self._path.with_name("put-back")
        copy.write_bytes(saved)
        copy.chmod(0o600)
        copy.replace(self._path)

    @property
    def _path(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def _name(self) -> str:
        return urlsplit(self.url).path.removeprefix("/")
