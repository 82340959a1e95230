"""TLS from two PEM files, read again when they are renewed.

New handshakes use the new certificate; connections that are open keep theirs. A renewal that is half done, or does
not fit its key, leaves the old pair in use.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger("watchword.server.tls")
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Paths of the chain and of its private key, both PEM."""

    certificate: Path
    key: Path

    def stamp(self) -> tuple[tuple[int, int, int], ...] | None:
        """Changes whenever either file does; None while one is missing."""
        try:
            found = [path.stat() for path in (self.certificate, self.key)]
        except OSError:
            return None
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)


def new_context(files: CertificateFiles) -> ssl.SSLContext:
    """A server context with TLS 1.2 (AEAD suites only) and 1.3.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: the pair does not fit, is not PEM, or its key wants a passphrase.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    _load(context, files)
    return context


def _load(context: ssl.SSLContext, files: CertificateFiles) -> None:
    # An empty passphrase: without one OpenSSL would ask for it at the terminal, and a start or a renewal would hang.
    context.load_cert_chain(files.certificate, files.key, password="")


class Renewal:
    """Watches the files of a context and loads them again.

    Args:
        files: the pair that ``context`` was made from.
        context: in use; it is changed in place, which new handshakes notice.
    """

    def __init__(self, files: CertificateFiles, context: ssl.SSLContext) -> None:
        self._files = files
        self._context = context
        self._seen = files.stamp()

    def look(self) -> bool:
        """Load the pair if it has changed and fits; True when it was loaded."""
        stamp = self._files.stamp()
        if stamp is None or stamp == self._seen:
            return False
        try:
            new_context(self._files)  # tried apart: a pair that does not fit would leave the live context half changed
            _load(self._context, self._files)
        except (OSError, ssl.SSLError):
            _log.warning("the renewed certificate cannot be used yet; the old one stays", extra={"event": "tls_kept"})
            return False
        self._seen = stamp
        _log.info("certificate renewed", extra={"event": "tls_renewed"})
        return True

    async def keep_looking(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            # A disk may be slow, but a pair is loaded here, between two handshakes: in another thread one that is
            # under way could meet the new certificate with the old key.
            if await asyncio.to_thread(self._files.stamp) != self._seen:
                self.look()
