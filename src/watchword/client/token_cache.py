"""Where a command line keeps the tokens of its logins: the system's keyring, or files only their owner can read."""

import base64
import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from watchword.client.errors import TokenCacheError
from watchword.client.file_lock import file_lock

_SERVICE = "watchword"
# Backends that keep secrets in the system's own store. Others (plain text, encrypted with a constant, none at all)
# protect less than the file below does, and are passed over.
_REAL_KEYRINGS = frozenset(
    {
        "keyring.backends.SecretService",
        "keyring.backends.libsecret",
        "keyring.backends.kwallet",
        "keyring.backends.macOS",
    }
)
_MAX_BYTES = 256 * 1024


class Keyring(Protocol):
    """The three verbs of a backend of the `keyring` package."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class TokenCache(Protocol):
    """Records by entry name. ``place`` says in words where they are."""

    place: str

    def load(self, entry: str) -> bytes | None: ...

    def save(self, entry: str, record: bytes) -> None: ...

    def delete(self, entry: str) -> None: ...

    def locked(self, entry: str) -> contextlib.AbstractContextManager[None]: ...


class FileTokenCache:
    """One 0600 file per entry in a 0700 directory, replaced as a whole.

    Args:
        directory: made when absent; refused when others may enter it.

    Raises:
        TokenCacheError: from every method, when directory or file is open to others or belongs to somebody else.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.place = f"files in {directory}"

    def load(self, entry: str) -> bytes | None:
        """The record of ``entry``; None when there is none."""
        self._prepare()
        try:
            descriptor = os.open(self._path(entry), os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TokenCacheError("the file with the tokens cannot be opened") from error
        with os.fdopen(descriptor, "rb") as file:
            # Asked of the open file, so that nobody can swap it between the question and the reading.
            _refuse_open_to_others(os.fstat(file.fileno()), regular=True)
            return file.read(_MAX_BYTES)

    def save(self, entry: str, record: bytes) -> None:
        """Replace the record of ``entry``: a reader sees the old one or the new one, a crash loses neither."""
        self._prepare()
        path = self._path(entry)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def delete(self, entry: str) -> None:
        """Forget ``entry``; nothing happens when there is none."""
        self._path(entry).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self, entry: str) -> Iterator[None]:
        """Hold the lock of ``entry`` against every thread and process that uses this directory."""
        self._prepare()
        with file_lock(self._path(entry).with_suffix(".lock")):
            yield

    def _path(self, entry: str) -> Path:
        return self._directory / f"{_entry_name(entry)}.json"

    def _prepare(self) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_open_to_others(self._directory.stat(), regular=False)
        except OSError as error:
            raise TokenCacheError("the directory for the tokens cannot be made") from error


class KeyringTokenCache:
    """Records in the system's keyring; the locks are files, since keyrings have none.

    Args:
        keyring: a real backend, as `system_keyring` finds it.
        directory: for the lock files.
    """

    def __init__(self, keyring: Keyring, directory: Path) -> None:
        self._keyring = keyring
        self._locks = FileTokenCache(directory)
        self.place = "the system's keyring"

    def load(self, entry: str) -> bytes | None:
        """The record of ``entry``; None when there is none."""
        with _keyring_errors():
            text = self._keyring.get_password(_SERVICE, _entry_name(entry))
            return None if text is None else base64.b64decode(text, validate=True)

    def save(self, entry: str, record: bytes) -> None:
        """Replace the record of ``entry``."""
        with _keyring_errors():
            self._keyring.set_password(_SERVICE, _entry_name(entry), base64.b64encode(record).decode("ascii"))

    def delete(self, entry: str) -> None:
        """Forget ``entry``; nothing happens when there is none."""
        if self.load(entry) is not None:
            with _keyring_errors():
                self._keyring.delete_password(_SERVICE, _entry_name(entry))

    def locked(self, entry: str) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of ``entry``."""
        return self._locks.locked(entry)


def open_token_cache(directory: Path) -> TokenCache:
    """The safest cache this machine has: its keyring if there is a real one, else files in ``directory``."""
    keyring = system_keyring()
    return FileTokenCache(directory) if keyring is None else KeyringTokenCache(keyring, directory)


def system_keyring() -> Keyring | None:
    """The system's own keyring, if the `keyring` package is installed and finds one; None otherwise."""
    try:
        import keyring  # noqa: PLC0415  optional: the base install does not have it
    except ImportError:
        return None
    backend = keyring.get_keyring()
    candidates = getattr(backend, "backends", None) or (backend,)  # a chainer holds several, best first
    return next((each for each in candidates if type(each).__module__ in _REAL_KEYRINGS), None)


def default_directory(environment_xdg: str | None, home: Path) -> Path:
    """Where token files live: ``$XDG_CONFIG_HOME/watchword/tokens``, an absolute path as that standard asks.

    https://specifications.freedesktop.org/basedir-spec/latest/#variables
    """
    base = Path(environment_xdg) if environment_xdg and Path(environment_xdg).is_absolute() else home / ".config"
    return base / "watchword" / "tokens"


def _entry_name(entry: str) -> str:
    # A URL is no file name, and two URLs must never share one.
    return hashlib.sha256(entry.encode()).hexdigest()[:32]


def _refuse_open_to_others(status: os.stat_result, *, regular: bool) -> None:
    if regular and not stat.S_ISREG(status.st_mode):
        raise TokenCacheError("the file with the tokens is not a regular file")
    if os.name != "posix":
        return  # elsewhere the profile directory's access list protects it
    if status.st_uid != os.geteuid():
        raise TokenCacheError("the tokens are kept in something that belongs to another user")
    if status.st_mode & 0o077:
        raise TokenCacheError("the tokens are kept where other users can reach them; allow only the owner (chmod go=)")


@contextlib.contextmanager
def _keyring_errors() -> Iterator[None]:
    try:
        yield
    except TokenCacheError:
        raise
    except Exception as error:  # backends raise their platform's errors, with no common root
        raise TokenCacheError("the system's keyring refused; is it locked?") from error
