"""The lock that goes with a lease: it ends with the process that holds it, so that nobody waits for a dead leader.

It only hastens. A leader that is paused keeps it and loses its lease; what it writes afterwards is fenced off.
"""

import fcntl
import os
from abc import ABC, abstractmethod
from pathlib import Path

from watchword.store.engine import parse_url, sqlite_path


class LeaderLock(ABC):
    """A lock that one process has at a time."""

    @abstractmethod
    async def attempt(self) -> bool:
        """Whether this process has it; takes it if nobody does, and never waits for it.

        Raises:
            StoreUnavailableError: it cannot be asked for.
        """

    @abstractmethod
    async def release(self) -> None:
        """Let another have it."""


class FileLeaderLock(LeaderLock):
    """A lock of the operating system on a file beside the data file.

    Args:
        path: the file; made when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    async def attempt(self) -> bool:
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    async def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_leader_lock(url: str, name: str) -> LeaderLock:
    """The lock for leading ``name``, beside or in the database at ``url``.

    Raises:
        StoreError: the URL names neither database.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        path = sqlite_path(parsed)
        return FileLeaderLock(path.with_name(f"{path.name}.{name}"))
    from watchword.store.postgres_leader_lock import AdvisoryLeaderLock  # noqa: PLC0415  asyncpg is an extra

    return AdvisoryLeaderLock(parsed.render_as_string(hide_password=False), name)
