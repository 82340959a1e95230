"""A lock that threads and processes of one machine share: whoever holds it may refresh."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from watchword.client.errors import TokenCacheError
from watchword.clock import SystemClock

_POLL_SECONDS = 0.02


@contextlib.contextmanager
def file_lock(path: Path, *, timeout: float = 30.0) -> Iterator[None]:
    """Hold the lock named by ``path`` while the block runs.

    The lock belongs to the open file, so two threads exclude each other as two processes do, and a process that
    dies lets go of it.

    Args:
        path: of the lock file; it is created and stays.
        timeout: seconds to wait.

    Raises:
        TokenCacheError: somebody else held it for longer than ``timeout``.
    """
    clock = SystemClock()  # waits on another process, so this is real time
    deadline = clock.monotonic() + timeout
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try_lock(descriptor):
            if clock.monotonic() > deadline:
                raise TokenCacheError("another process keeps the tokens locked")
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
