"""The data directory: closed to others, ignored by git before anything else is in it, used by one `up` at a time."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from watchword.cli.local.errors import LocalError

# One of them is in every data directory that was ever used. Another directory would be closed to its readers, and
# everything in it hidden from git.
_OWN_FILES = frozenset({"up.lock", "watchword.toml", "watchword.sqlite"})


class DataDirectory:
    """Where everything is kept. Use as a context manager: the lock ends with it, and an ephemeral one is removed.

    Args:
        path: the directory; None for a temporary one, of which nothing is kept.

    Raises:
        LocalError: it cannot be made, belongs to somebody else, holds other things, or another `watchword up` uses it.
    """

    def __init__(self, path: Path | None) -> None:
        self.is_ephemeral = path is None
        # Without symbolic links, as the settings will name what is in it.
        self.path = (Path(tempfile.mkdtemp(prefix="watchword-")) if path is None else path).resolve()
        self._lock: int | None = None
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._refuse_what_is_not_ours()
            self.path.chmod(0o700)
            self._ignore()
            self._take_lock()
        except OSError as error:
            self._close()
            raise LocalError(f"the data directory {self.path} cannot be used ({error.strerror})") from error
        except BaseException:  # a signal too
            self._close()
            raise

    @property
    def master_key(self) -> Path:
        return self.path / "master.key"

    @property
    def database(self) -> Path:
        return self.path / "watchword.sqlite"

    @property
    def settings(self) -> Path:
        return self.path / "watchword.toml"

    @property
    def names(self) -> Path:
        return self.path / "quickstart.json"

    @property
    def demo_settings(self) -> Path:
        return self.path / "demo.json"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self.is_ephemeral:
            shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _ignore(self) -> None:
        ignore = self.path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

    def _refuse_what_is_not_ours(self) -> None:
        if self.path.stat().st_uid != os.geteuid():
            raise LocalError(f"the data directory {self.path} belongs to another user")
        held = {entry.name for entry in self.path.iterdir()}
        if held - {".gitignore"} and not held & _OWN_FILES:
            raise LocalError(f"the directory {self.path} holds other things: name an empty or a new one as --data-dir")

    def _take_lock(self) -> None:
        descriptor = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            who = f" (process {holder})" if holder.isdecimal() else ""
            raise LocalError(
                f"another `watchword up`{who} uses {self.path}: stop it, or choose another --data-dir"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor
