"""The witness file: how far the database had come, kept outside of it so that it is not put back together with it.

It is authenticated with a server secret, so that a damaged or foreign file is noticed. Whoever can write it can also
delete it; a file that is missing is a new witness, and a new witness can notice nothing older than itself.
"""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from watchword.store.errors import WitnessError
from watchword.store.position import Position, Remembered, later
from watchword.store.private_file import replace_private

_FORMAT = 1
_FILE_LIMIT = 4096  # bytes


class WitnessFile:
    """One file.

    Args:
        path: where it is, or will be.
        secret: the server secret that it is authenticated with.
    """

    def __init__(self, path: Path, secret: bytes) -> None:
        self.path = path
        self._secret = secret

    def read(self) -> Remembered | None:
        """What was seen last; None when there is no file.

        Raises:
            WitnessError: it cannot be read, is open to others, or was not written by this installation.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WitnessError(f"the witness file cannot be read ({error.strerror})", detail=str(self.path)) from error
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & 0o022:
                raise WitnessError("the witness file must not be writable by others (mode 0600)", detail=str(self.path))
            content = file.read(_FILE_LIMIT + 1)
        return self._parse(content)

    def write(self, remembered: Remembered) -> None:
        """Remember ``remembered``, unless the file knows of something later; on disk when this returns.

        Raises:
            WitnessError: it cannot be written.
        """
        try:
            with self._locked():
                if later(self._known(), remembered) is remembered:
                    replace_private(self.path, self._text(remembered))
        except OSError as error:
            raise WitnessError(
                f"the witness file cannot be written ({error.strerror})", detail=str(self.path)
            ) from error

    def replace(self, remembered: Remembered) -> None:
        """Remember ``remembered`` whatever the file holds: the restore has been acknowledged.

        Raises:
            WitnessError: it cannot be written.
        """
        try:
            with self._locked():
                replace_private(self.path, self._text(remembered))
        except OSError as error:
            raise WitnessError(
                f"the witness file cannot be written ({error.strerror})", detail=str(self.path)
            ) from error

    def _unwritable(self, error: OSError) -> WitnessError:
        return WitnessError(f"the witness file cannot be written ({error.strerror})", detail=str(self.path))

    def _known(self) -> Remembered | None:
        try:
            return self.read()
        except WitnessError:
            return None  # damaged under a running server, which knows better

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.path.with_name(f"{self.path.name}.lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _text(self, remembered: Remembered) -> bytes:
        members = _members(remembered)
        return json.dumps({**members, "mac": self._mac(members)}, indent=1).encode() + b"\n"

    def _mac(self, members: dict[str, Any]) -> str:
        canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
        return hmac.new(self._secret, b"watchword witness\0" + canonical, hashlib.sha256).hexdigest()

    def _parse(self, content: bytes) -> Remembered:
        try:
            members = json.loads(content)
            mac = members.pop("mac")
            is_ours = hmac.compare_digest(str(mac).encode(), self._mac(members).encode())
            position = Position(
                str(members["installation"]), int(members["generation"]), str(members["journal"]), int(members["seq"])
            )
            remembered = Remembered(str(members["witness"]), int(members["mark"]), position)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise WitnessError("the witness file is damaged", detail=str(self.path)) from None
        if members.get("format") != _FORMAT or not is_ours:
            raise WitnessError("the witness file was not written by this installation", detail=str(self.path))
        return remembered


def _members(remembered: Remembered) -> dict[str, Any]:
    position = remembered.position
    return {
        "format": _FORMAT,
        "installation": position.installation_id,
        "generation": position.generation,
        "journal": position.journal_id,
        "seq": position.seq,
        "witness": remembered.witness_id,
        "mark": remembered.mark,
    }
