"""Client certificates as proxies hand them on (THREATS O47; RFC 9440, RFC 8705 section 3.1)."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from watchword.verify.certificate import certificate_from_header, certificate_thumbprint
from watchword.verify.errors import PresentationError


def certificate(name: str = "client-1") -> x509.Certificate:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = datetime(2026, 9, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(begin).not_valid_after(begin + timedelta(days=90))
    return builder.sign(key, hashes.SHA256())


CERTIFICATE = certificate()
DER = CERTIFICATE.public_bytes(Encoding.DER)
PEM = CERTIFICATE.public_bytes(Encoding.PEM).decode()
BASE64 = base64.b64encode(DER).decode()


def test_the_thumbprint_is_the_hash_of_the_whole_certificate() -> None:
    digest = CERTIFICATE.fingerprint(hashes.SHA256())
    assert certificate_thumbprint(DER) == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "value",
    [
        f":{BASE64}:",
        f"  :{BASE64}:  ",
        quote(PEM),
        quote(PEM, safe=""),
        quote(PEM, safe="+=/"),  # as load balancers of AWS do
        quote(PEM.strip()),
    ],
)
def test_both_forms_give_the_same_certificate(value: str) -> None:
    assert certificate_from_header(value) == DER


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_an_empty_header_means_that_there_was_no_certificate(value: str) -> None:
    assert certificate_from_header(value) is None


@pytest.mark.parametrize(
    "value",
    [
        ":",
        "::",
        f":{BASE64}",
        f"{BASE64}:",
        BASE64,
        f":{BASE64}:;a=1",
        f":{BASE64}:,:{BASE64}:",  # two headers, joined on the way
        f":{BASE64[:-5]}!:",
        f":{BASE64[:-1]}:",
        quote(PEM + PEM),
        quote(PEM) + "," + quote(PEM),
        quote(PEM.replace("CERTIFICATE", "PRIVATE KEY")),
        quote(PEM.replace("-----BEGIN", "x-----BEGIN")),
        quote(PEM.replace("\n", "\n!", 2)),
        "-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
        "\u00e9",
        ":\u00e9:",
        ":" + "A" * 20_000 + ":",
        "(null)",
    ],
)
def test_o47_anything_else_is_refused(value: str) -> None:
    with pytest.raises(PresentationError):
        certificate_from_header(value)
