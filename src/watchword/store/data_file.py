"""SQLite's data file: its owner's alone, with a lock beside it for those who write."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchword.store.errors import StoreError


def create_private(path: Path) -> None:
    """Make the data file, readable by its owner alone; SQLite gives its companion files the same mode.

    Raises:
        StoreError: the file cannot be made or opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError("the data file cannot be opened", detail=str(error)) from error
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise StoreError("the data file is readable by others and not ours to close", detail=str(error)) from error
    finally:
        os.close(descriptor)


def lock_path(path: Path) -> Path:
    """Where the lock of the data file is kept."""
    return path.with_name(path.name + ".lock")


class FileLock:
    """A lock between processes. It ends with its holder, however that dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, hold it, release it."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
