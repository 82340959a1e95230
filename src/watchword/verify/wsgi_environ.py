"""STEP 3 in WSGI: the token of an environ.

https://peps.python.org/pep-3333/
"""

from collections.abc import Mapping, MutableMapping, Sequence
from ssl import PEM_cert_to_DER_cert
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from watchword.verify.claims import VerifiedClaims
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.requirements import Requirement

_ADMITTED = "watchword.admitted"


def admit(
    protection: Protection, environ: MutableMapping[str, Any], require: Sequence[Requirement] = ()
) -> VerifiedClaims:
    """Verify the token of ``environ``, once for each protection however often it is asked: a proof can be used once.

    Raises:
        VerificationError: the request must not be served.
    """
    admitted: tuple[Protection, VerifiedClaims] | None = environ.get(_ADMITTED)
    if admitted is None or admitted[0] is not protection:
        admitted = environ[_ADMITTED] = (protection, protection.admit(present(protection, environ)))
    return protection.suffices(admitted[1], require)


def present(protection: Protection, environ: Mapping[str, Any]) -> PresentedToken:
    """What the request of ``environ`` presented.

    A header that came twice has been joined with a comma by the server, which no token and no proof has in it.

    Raises:
        VerificationError: nothing, or nothing that can be read, was presented.
    """
    query = environ.get("QUERY_STRING")
    proofs = _header(environ, "DPoP")
    named = protection.certificate_header
    return protection.present(
        authorization=_header(environ, "Authorization"),
        query_names=tuple(name for name, _ in parse_qsl(query, keep_blank_values=True)) if query else (),
        proofs=proofs,
        method=environ["REQUEST_METHOD"],
        path=path_as_received(environ) if proofs else "",
        certificate=client_certificate(environ),
        certificate_header=_header(environ, named) if named else (),
    )


def path_as_received(environ: Mapping[str, Any]) -> str:
    """The path, percent-encoded as it came; where a server does not tell, as it would have been encoded."""
    raw: str | None = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return raw.partition("?")[0] if raw.startswith("/") else urlsplit(raw).path
    # PEP 3333 hands on the decoded bytes, each as one character.
    decoded: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return quote(decoded.encode("latin-1"), safe="/!$&'()*+,;=:@~")


def client_certificate(environ: Mapping[str, Any]) -> bytes | None:
    """The DER of the connection's client certificate, where the server tells it as Apache's mod_ssl does."""
    pem: str | None = environ.get("SSL_CLIENT_CERT")
    return PEM_cert_to_DER_cert(pem.strip()) if pem else None


def _header(environ: Mapping[str, Any], name: str) -> Sequence[str]:
    value: str | None = environ.get("HTTP_" + name.upper().replace("-", "_"))
    return () if value is None else (value,)
