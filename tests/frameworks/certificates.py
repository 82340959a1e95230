"""An authority and the certificates that it gives, for connections with mutual TLS."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

# TLS looks at the machine's clock, whatever the test's says.
_BEGIN, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Party:
    """Somebody with a key and a certificate.

    Args:
        name: of whom.
        issuer: who gives the certificate; None for one who is trusted without.
        is_authority: whether it gives certificates to others.
    """

    _certificate: x509.Certificate
    _shown: "tuple[Party, ...]"
    _is_root: bool

    def __init__(self, name: str, issuer: "Party | None" = None, *, is_authority: bool = False) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer._certificate.subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGIN)
            .not_valid_after(_END)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        signer = self if issuer is None else issuer
        self._certificate = builder.sign(signer._key, hashes.SHA256())
        # A certificate between this one and the authority that everybody knows has to be shown too.
        self._shown = (self, *(() if issuer is None or issuer._is_root else issuer._shown))
        self._is_root = issuer is None

    @property
    def certificate(self) -> bytes:
        """PEM, this one alone."""
        return self._certificate.public_bytes(Encoding.PEM)

    @property
    def chain(self) -> bytes:
        """PEM, with those that somebody who knows the authority needs beside it."""
        return b"".join(party.certificate for party in self._shown)

    @property
    def key(self) -> bytes:
        """PEM."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def thumbprint(self) -> str:
        """``x5t#S256``: https://www.rfc-editor.org/rfc/rfc8705#section-3.1"""
        digest = hashlib.sha256(self._certificate.public_bytes(Encoding.DER)).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")
