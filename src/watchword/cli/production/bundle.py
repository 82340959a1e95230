"""The files of an installation, and how they come to a disk: what is there and differs is not overwritten unasked."""

import os
import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from watchword.errors import WatchwordError

State = Literal["new", "same", "differs", "kept"]


class FilesDifferError(WatchwordError):
    """Files are there that say something else; nothing was written."""

    code: ClassVar[str] = "files_differ"

    def __init__(self, *paths: str) -> None:
        super().__init__("files are there that say something else")
        self.lines = [*paths, "", "--overwrite replaces them; secrets are never replaced"]


@dataclass(frozen=True, slots=True)
class File:
    """One file to be written.

    Args:
        path: below the directory of the installation.
        text: its content.
        is_secret: whether only its owner may read it; it is never shown.
        is_kept: whether it is there already and stays as it is.
    """

    path: str
    text: str = field(repr=False)
    is_secret: bool = False
    is_kept: bool = False

    @property
    def mode(self) -> int:
        """Its permissions."""
        return 0o600 if self.is_secret else 0o644


def state_of(file: File, directory: Path) -> State:
    """What writing ``file`` would do."""
    if file.is_kept:
        return "kept"
    try:
        found = (directory / file.path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return "new"
    except (OSError, UnicodeDecodeError):
        return "differs"
    return "same" if found == file.text else "differs"


def write(files: Sequence[File], directory: Path, *, overwrite: bool) -> None:
    """Write what is new; each file whole or not at all, and its folder for its owner alone where a secret is in it.

    Raises:
        FilesDifferError: files are there that differ, and ``overwrite`` was not asked for; nothing was written.
        OSError: the disk or the permissions.
    """
    states = {file.path: state_of(file, directory) for file in files}
    differing = [path for path, state in states.items() if state == "differs"]
    if differing and not overwrite:
        raise FilesDifferError(*differing)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    for file in files:
        if states[file.path] in {"new", "differs"}:
            path = directory / file.path
            path.parent.mkdir(mode=0o700 if file.is_secret else 0o755, parents=True, exist_ok=True)
            _write(path, file)


def _write(path: Path, file: File) -> None:
    beside = path.with_name(f".{path.name}.{random.token_hex(6)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, file.mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file.text)
            stream.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
