"""STEP 3 in ASGI: the token of a scope.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from ssl import PEM_cert_to_DER_cert
from typing import Any
from urllib.parse import parse_qsl, quote

from watchword.verify import websocket_token
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import VerificationError
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.requirements import Requirement

_ADMITTED = "watchword.admitted"
_ADMITTED_BY = "watchword.admitted_by"
_CERTIFICATES = frozenset({"tls", "tls_client_certificate"})
_PERCENT = ord("%")
_READ = frozenset({b"authorization", b"dpop", b"sec-websocket-protocol"})

# What a protection has let pass. A plain tuple, since every request makes one.
Admitted = tuple[Protection, PresentedToken, VerifiedClaims]


async def admit(
    protection: Protection, scope: MutableMapping[str, Any], require: Sequence[Requirement] = ()
) -> Admitted:
    """Verify the token of ``scope``, once for each protection however often it is asked: a proof can be used once.

    Raises:
        VerificationError: the request must not be served.
    """
    admitted = admit_at_once(protection, scope)
    if admitted is None:
        presented = present(protection, scope)
        admitted = _keep(scope, (protection, presented, await protection.aadmit(presented)))
    if require:
        protection.suffices(admitted[2], require)
    return admitted


def admit_at_once(protection: Protection, scope: MutableMapping[str, Any]) -> Admitted | None:
    """As `admit`, and it counts as that; None when something has to be fetched first.

    Raises:
        VerificationError: the request must not be served.
    """
    admitted: Admitted | None = scope.get(_ADMITTED)
    if admitted is None or admitted[0] is not protection:
        presented = present(protection, scope)
        claims = protection.attempt(presented)
        return None if claims is None else _keep(scope, (protection, presented, claims))
    return admitted


def _keep(scope: MutableMapping[str, Any], admitted: Admitted) -> Admitted:
    scope[_ADMITTED] = admitted
    scope[_ADMITTED_BY] = admitted[0]
    return admitted


def bearer_reader(  # noqa: C901  every request passes: no call is spent
    protection: Protection,
) -> Callable[[MutableMapping[str, Any]], VerifiedClaims | None]:
    """Makes what verifies a request of the kind that nearly all are, in the least time: a bearer token that comes
    without anything else that matters, and for which nothing has to be fetched.

    Args:
        protection: whose tokens are good.

    Returns:
        A function that gives the verified claims for a scope, or None in all other cases: `admit` knows them. It raises
        `VerificationError` if the request must not be served.
    """
    if protection.certificate_header is not None:
        return lambda _: None
    attempt = protection.attempt

    def claims_of(scope: MutableMapping[str, Any]) -> VerifiedClaims | None:
        value: bytes | None = None
        for name, content in scope["headers"]:
            if name == b"authorization":
                if value is not None:
                    return None
                value = content
            elif name == b"dpop":
                return None
        if value is None or value[:7] != b"Bearer ":
            return None
        query, extensions = scope.get("query_string"), scope.get("extensions")
        if (query and _may_name_a_token(query)) or (extensions and not _CERTIFICATES.isdisjoint(extensions)):
            return None
        token = value[7:].decode("latin-1")
        try:
            claims = attempt(token)
        except VerificationError:
            # What is malformed may be so because the header does not hold one token, which `present` says better.
            if token != present(protection, scope).unverified_token:
                return None
            raise
        scope[_ADMITTED_BY] = protection
        return claims

    return claims_of


def _may_name_a_token(query: bytes | str) -> bool:
    """Whether ``access_token`` may be one of the names; it is none where it is neither written nor encoded."""
    return not isinstance(query, bytes) or _PERCENT in query or b"access_token" in query


def protection_of(scope: Mapping[str, Any]) -> Protection | None:
    """What has admitted the token of ``scope``; None if nothing has."""
    protection: Protection | None = scope.get(_ADMITTED_BY)
    return protection


def present(protection: Protection, scope: Mapping[str, Any]) -> PresentedToken:
    """What the request or handshake of ``scope`` presented.

    Raises:
        VerificationError: nothing, or nothing that can be read, was presented.
    """
    authorization: list[str] = []
    proofs: list[str] = []
    offered: list[str] = []
    # Names are lower-case bytes already, says the specification. Latin-1 reads every byte, so nothing fails here.
    for name, value in scope["headers"]:
        if name in _READ:
            found = authorization if name == b"authorization" else proofs if name == b"dpop" else offered
            found.append(value.decode("latin-1"))
    if offered and scope["type"] == "websocket":
        authorization += websocket_token.authorization(offered)
    query = scope.get("query_string")
    names = query_names(query) if query else ()
    extensions = scope.get("extensions")
    certificate = client_certificate(extensions) if extensions else None
    if not proofs and certificate is None and protection.certificate_header is None:
        return protection.present(authorization=authorization, query_names=names)
    return protection.present(
        authorization=authorization,
        query_names=names,
        proofs=proofs,
        method=scope.get("method", "GET"),
        path=path_as_received(scope),
        certificate=certificate,
        certificate_header=header(scope, protection.certificate_header) if protection.certificate_header else (),
    )


def query_names(query: bytes | str) -> tuple[str, ...]:
    """The names of the query parameters, however many there are. Django's test client sends them as text."""
    text = query if isinstance(query, str) else query.decode("latin-1")
    return tuple(name for name, _ in parse_qsl(text, keep_blank_values=True))


def path_as_received(scope: Mapping[str, Any]) -> str:
    """The path, percent-encoded as it came; where a server does not tell, as it would have been encoded."""
    raw: bytes | None = scope.get("raw_path")
    # Some servers leave the query in it.
    return raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"], safe="/!$&'()*+,;=:@~")


def header(scope: Mapping[str, Any], name: str) -> list[str]:
    """Every value of one header."""
    wanted = name.lower().encode("ascii")
    return [value.decode("latin-1") for key, value in scope["headers"] if key == wanted]


def client_certificate(extensions: Mapping[str, Any]) -> bytes | None:
    """The DER of the connection's client certificate: told by Watchword's own server, or by the TLS extension.

    https://asgi.readthedocs.io/en/latest/specs/tls.html
    """
    der: bytes | None = extensions.get("tls_client_certificate")
    if der is not None:
        return der
    chain: Sequence[str] = (extensions.get("tls") or {}).get("client_cert_chain") or ()
    return PEM_cert_to_DER_cert(chain[0]) if chain else None


def without_token(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a handshake as the application may see them: no subprotocol holds a token any more."""
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name == b"sec-websocket-protocol":
            rest = websocket_token.others([value.decode("latin-1")])
            if rest:
                kept.append((name, ", ".join(rest).encode("latin-1")))
        else:
            kept.append((name, value))
    return kept
