"""A consistent copy of an SQLite data file while others write to it."""

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from watchword.store.errors import StoreError
from watchword.store.whole_file import sync_directory


def back_up(source: Path, target: Path) -> int:
    """Copy the data file ``source`` to ``target`` (mode 0600, checked, on disk when this returns); its size in bytes.

    ``VACUUM INTO`` reads one snapshot, however long it takes, and stops nobody from writing: the write-ahead log only
    grows meanwhile. What it makes is one file without a log beside it. https://www.sqlite.org/lang_vacuum.html

    Raises:
        StoreError: there is a file at ``target``, it cannot be written, or ``source`` is damaged.
    """
    if target.exists():
        raise StoreError("there is a file of that name already: a backup replaces nothing")
    # A name that nobody can foresee, and a file of our own: in a folder where others write too, one that waits there
    # could be theirs, or lead elsewhere; and two backups at once would write into one file.
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.unfinished")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            _copy(source, beside)
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        os.link(beside, target)  # unlike a rename it replaces nothing
        sync_directory(target.parent)
    except FileExistsError:
        raise StoreError("there is a file of that name already: a backup replaces nothing") from None
    except OSError as error:
        raise StoreError(f"the backup cannot be written ({error.strerror})", detail=str(target)) from error
    except sqlite3.Error as error:
        raise StoreError(f"the backup cannot be made ({error})", detail=str(target)) from error
    finally:
        beside.unlink(missing_ok=True)
    return size


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"file:{source.absolute()}?mode=rw", uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("VACUUM INTO ?", (str(target.absolute()),))
    with closing(sqlite3.connect(target)) as copy:
        (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise StoreError("the data file is damaged: the copy of it does not hold together")
