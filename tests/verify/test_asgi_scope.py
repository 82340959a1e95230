"""What an ASGI scope and a WSGI environ tell about a request beside its token."""

import ssl
from typing import Any

import pytest
from tests.verify.tokens import API, ISSUER, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify import asgi_scope, wsgi_environ
from watchword.verify.errors import PresentationError
from watchword.verify.protection import Protection
from watchword.verify.sender import SenderPolicy

KEY = Key.generate("ES256")
DER = b"\x30\x03\x02\x01\x01"
PEM = ssl.DER_cert_to_PEM_cert(DER)


def protection(**options: Any) -> Protection:
    return Protection(issuer=ISSUER, audience=API, keys=KeySet([KEY.public()]), **options)


def scope(**changes: Any) -> dict[str, Any]:
    headers = [(b"authorization", b"Bearer " + access_token(KEY).encode()), (b"dpop", b"a.b.c")]
    return {
        "type": "http",
        "method": "PUT",
        "path": "/caf\u00e9/1",
        "query_string": b"",
        "headers": headers,
        **changes,
    }


def environ(**changes: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "/v1",
        "PATH_INFO": "/caf\u00c3\u00a9/1",
        "HTTP_AUTHORIZATION": "Bearer " + access_token(KEY),
        "HTTP_DPOP": "a.b.c",
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"raw_path": b"/caf%C3%A9/1"}, "/caf%C3%A9/1"),
        ({"raw_path": b"/caf%c3%a9%2F1?x=1"}, "/caf%c3%a9%2F1"),
        ({"raw_path": None}, "/caf%C3%A9/1"),
        ({}, "/caf%C3%A9/1"),
    ],
)
def test_o43_the_path_is_as_it_was_received(changes: dict[str, Any], path: str) -> None:
    presented = asgi_scope.present(protection(), scope(**changes))
    assert (presented.method, presented.path, presented.proofs) == ("PUT", path, ("a.b.c",))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"RAW_URI": "/v1/caf%C3%A9/1?x=1"}, "/v1/caf%C3%A9/1"),
        ({"REQUEST_URI": "https://api.example.com/v1/caf%C3%A9/1?x"}, "/v1/caf%C3%A9/1"),
        ({}, "/v1/caf%C3%A9/1"),
    ],
)
def test_o43_the_same_in_wsgi(changes: dict[str, Any], path: str) -> None:
    presented = wsgi_environ.present(protection(), environ(**changes))
    assert (presented.method, presented.path, presented.proofs) == ("PUT", path, ("a.b.c",))


@pytest.mark.parametrize(
    "extensions",
    [{"tls_client_certificate": DER}, {"tls": {"client_cert_chain": [PEM, "another"]}}],
)
def test_o46_the_certificate_of_the_connection_is_handed_on(extensions: dict[str, Any]) -> None:
    """From Watchword's own server, and by the TLS extension of ASGI."""
    assert asgi_scope.present(protection(), scope(extensions=extensions)).certificate == DER


@pytest.mark.parametrize("extensions", [None, {}, {"tls": {}}, {"tls": {"client_cert_chain": []}}, {"tls": None}])
def test_without_a_certificate_there_is_none(extensions: dict[str, Any] | None) -> None:
    assert asgi_scope.present(protection(), scope(extensions=extensions)).certificate is None
    assert wsgi_environ.present(protection(), environ(SSL_CLIENT_CERT="")).certificate is None


def test_o46_the_same_certificate_in_wsgi() -> None:
    assert wsgi_environ.present(protection(), environ(SSL_CLIENT_CERT=PEM)).certificate == DER


def test_o47_a_proxys_header_counts_only_where_it_is_named() -> None:
    named = protection(sender=SenderPolicy(danger_certificate_header="Client-Cert"))
    header = (b"client-cert", b":MAMCAQE=:")
    sent = scope(headers=[*scope()["headers"], header])
    assert asgi_scope.present(named, sent).certificate == DER
    assert asgi_scope.present(protection(), sent).certificate is None
    assert wsgi_environ.present(named, environ(HTTP_CLIENT_CERT=":MAMCAQE=:")).certificate == DER
    assert wsgi_environ.present(protection(), environ(HTTP_CLIENT_CERT=":MAMCAQE=:")).certificate is None
    with pytest.raises(PresentationError):
        asgi_scope.present(named, scope(headers=[*scope()["headers"], header, header]))


@pytest.mark.anyio
async def test_a_request_is_verified_once_for_each_protection(clock: SettableClock) -> None:
    """O40: a second layer must not spend the proof again, and another API's verdict is no verdict."""
    first, second = protection(clock=clock), protection(clock=clock)
    asked = scope(headers=scope()["headers"][:1])
    admitted = await asgi_scope.admit(first, asked)
    assert await asgi_scope.admit(first, asked) is admitted
    assert (await asgi_scope.admit(second, asked))[0] is second
    seen = environ()
    del seen["HTTP_DPOP"]
    claims = wsgi_environ.admit(first, seen)
    assert wsgi_environ.admit(first, seen) is claims


def test_only_the_subprotocol_with_the_token_is_taken_out_of_the_headers() -> None:
    headers = [
        (b"sec-websocket-protocol", b"graphql-ws, watchword.bearer.a.b.c"),
        (b"sec-websocket-protocol", b"watchword.bearer.d.e.f"),
        (b"x-other", b"watchword.bearer.x"),
    ]
    assert asgi_scope.without_token(headers) == [(b"sec-websocket-protocol", b"graphql-ws"), headers[2]]
