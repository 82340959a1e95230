"""The master key, and the envelopes it seals.

An envelope is one version byte, a 12-byte random nonce and the AES-256-GCM ciphertext with its tag. The associated
data are the version and the purpose, so an envelope opened for another purpose does not open. Random nonces are safe
for 2^32 envelopes under one key
(NIST SP 800-38D section 8.3: https://doi.org/10.6028/NIST.SP.800-38D); an installation seals a few thousand.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from watchword.store.errors import MasterKeyError
from watchword.store.private_file import sync_directory

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_FILE_LIMIT = 1024  # bytes; a key file holds 43 characters and perhaps a line end


class MasterKey:
    """The 32 bytes that seal every private key and server secret. Its ``repr`` shows nothing of them.

    Args:
        key: 32 random bytes.

    Raises:
        MasterKeyError: it has another length.
    """

    __slots__ = ("_cipher", "_previous", "_text")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MasterKeyError("the master key must have 32 bytes")
        self._cipher = AESGCM(key)
        self._previous: MasterKey | None = None
        self._text = base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The key written as 43 characters of base64url; surrounding white space is ignored.

        Raises:
            MasterKeyError: it is written otherwise.
        """
        stripped = text.strip()
        try:
            key = base64.b64decode(stripped + "=", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise MasterKeyError("the master key must be 43 characters of base64url") from None
        made = cls(key)
        if made._text != stripped:
            raise MasterKeyError("the master key must be 43 characters of base64url")
        return made

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The key in the file at ``path``.

        Raises:
            MasterKeyError: there is no such file, somebody else may read or write it, or it holds no key.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise MasterKeyError("the master key file is missing", detail=str(path)) from None
        except OSError as error:
            raise MasterKeyError("the master key file cannot be read", detail=str(error)) from error
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if status.st_mode & closed_bits(status.st_uid):
                raise MasterKeyError("the master key file must be closed to others (mode 0600)", detail=str(path))
            if status.st_uid not in {os.geteuid(), 0}:
                raise MasterKeyError("the master key file belongs to another user", detail=str(path))
            content = file.read(_FILE_LIMIT)
        try:
            text = content.decode("ascii")
        except UnicodeDecodeError:
            raise MasterKeyError("the master key must be 43 characters of base64url") from None
        return cls.from_text(text)

    @classmethod
    def generate_file(cls, path: Path) -> Self:
        """Make a new key and write it to ``path``, which must not exist (mode 0600, on disk when this returns).

        Raises:
            MasterKeyError: there is a file already, or none can be made.
        """
        key = cls(secrets.token_bytes(KEY_BYTES))
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise MasterKeyError("there is a master key already", detail=str(path)) from None
        except OSError as error:
            raise MasterKeyError("the master key file cannot be made", detail=str(error)) from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(key._text.encode("ascii") + b"\n")
            file.flush()
            os.fsync(descriptor)
        sync_directory(path.parent)
        return key

    def seal(self, plaintext: bytes, *, purpose: str) -> bytes:
        """An envelope that only this key opens, and only for ``purpose``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plaintext, _associated_data(purpose))

    def beside(self, previous: "MasterKey") -> "MasterKey":
        """This key while another is being left: it seals, and what ``previous`` sealed is opened as well."""
        both = MasterKey(base64.urlsafe_b64decode(self._text + "="))
        both._previous = previous
        return both

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """What was sealed for ``purpose``, under this key or the one `beside` it.

        Raises:
            MasterKeyError: another key, another purpose, or not an envelope of ours.
        """
        try:
            return self.open_alone(sealed, purpose=purpose)
        except MasterKeyError:
            if self._previous is None:
                raise
            return self._previous.open(sealed, purpose=purpose)

    def open_alone(self, sealed: bytes, *, purpose: str) -> bytes:
        """What was sealed for ``purpose`` under this very key.

        Raises:
            MasterKeyError: as for `open`.
        """
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise MasterKeyError("the sealed record cannot be opened", detail="unknown envelope")
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, _associated_data(purpose))
        except InvalidTag:
            raise MasterKeyError("the sealed record cannot be opened with this master key") from None

    def opens_alone(self, sealed: bytes, *, purpose: str) -> bool:
        """Whether this very key sealed it."""
        try:
            self.open_alone(sealed, purpose=purpose)
        except MasterKeyError:
            return False
        return True

    def __repr__(self) -> str:
        return "MasterKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a master key is not copied or pickled")


def closed_bits(owner: int) -> int:
    """The permissions that a file with a secret must not have, for this process.

    systemd's credentials and Kubernetes' secret volumes are root's own and readable through a group or a list that
    only root can have made: 0440 is there, for a process that is not root, what 0400 is elsewhere.
    """
    return 0o037 if owner == 0 and os.geteuid() != 0 else 0o077


def _associated_data(purpose: str) -> bytes:
    return _VERSION + b"watchword:" + purpose.encode()
