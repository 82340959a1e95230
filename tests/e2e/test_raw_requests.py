"""O70: bytes on a socket that two readers might understand differently; the real server answers once, or not at all."""

import socket
from urllib.parse import urlsplit

import pytest
from tests.e2e.installation import Installation

pytestmark = pytest.mark.slow

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
TOO_LARGE = 70_000
HIDDEN = b"GET /jwks HTTP/1.1\r\nHost: HOST\r\n\r\n"
POST = b"POST /token HTTP/1.1\r\nHost: HOST\r\n" + FORM
ANNOUNCED = POST + b"Content-Length: %d\r\n\r\n" % TOO_LARGE
CHUNKS = (b"8000\r\n" + b"y" * 0x8000 + b"\r\n") * 3 + b"0\r\n\r\n"
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)

REQUESTS: dict[str, tuple[bytes, int]] = {
    "a body too large, and another request behind it": (ANNOUNCED + b"x" * TOO_LARGE + HIDDEN, 413),
    "a body too large that is made of requests": (ANNOUNCED + (b"GET /jwks HTTP/1.1\r\n\r\n" * 4000)[:TOO_LARGE], 413),
    "chunks too large, and another request behind them": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + HIDDEN,
        413,
    ),
    "a length too large that waits to be asked": (
        POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % TOO_LARGE,
        413,
    ),
    "a length and chunks": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        400,
    ),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    "a folded header": (b"GET /jwks HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b\r\n\r\n", 400),
    "a space before the colon": (b"GET /jwks HTTP/1.1\r\nHost : HOST\r\n\r\n", 400),
    "line feeds alone": (b"GET /jwks HTTP/1.1\nHost: HOST\n\n", 400),
    "another name in the target's place": (b"GET http://HOST/jwks HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    "an upgrade under another name": (b"GET /console HTTP/1.1\r\nHost: evil.example\r\n" + UPGRADE + b"\r\n", 421),
    "an upgrade where none is": (b"GET /token HTTP/1.1\r\nHost: HOST\r\n" + UPGRADE + b"\r\n", 405),
}


def exchange(issuer: str, request: bytes) -> bytes:
    """Everything that comes back before the server closes, or is silent for a second."""
    parts = urlsplit(issuer)
    answer = b""
    with socket.create_connection(("127.0.0.1", parts.port or 80)) as connection:
        connection.settimeout(1)
        connection.sendall(request.replace(b"HOST", parts.netloc.encode()))
        try:
            while received := connection.recv(65_536):
                answer += received
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


@pytest.mark.parametrize("what", REQUESTS)
def test_one_answer_and_no_hidden_request(running: Installation, what: str) -> None:
    request, status = REQUESTS[what]
    answer = exchange(running.issuer, request)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:80]
    assert b'"keys"' not in answer


def test_two_plain_requests_get_two_answers(running: Installation) -> None:
    """What the others are compared with: this server does answer requests that follow one another."""
    assert exchange(running.issuer, HIDDEN * 2).count(b"HTTP/1.1 200") == 2
