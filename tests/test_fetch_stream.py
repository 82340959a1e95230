"""Answers that do not end, and whatever is fetched as bytes (THREATS J87, J88, R30)."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from tests.verify.loopback_issuer import LoopbackIssuer, loopback_issuer

from watchword.fetch import FetchError, Policy, get_bytes, open_stream

BRIEF = Policy(max_bytes=1000, deadline=0.1)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"


@pytest.fixture
def server() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as running:
        yield running


@contextmanager
def raw_server(*pieces: bytes) -> Iterator[tuple[str, threading.Event]]:
    """Sends ``pieces``, then nothing until it is released."""
    released = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
            released.wait(5)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/", released
        finally:
            released.set()
            thread.join()


@pytest.mark.anyio
async def test_pieces_are_read_as_they_arrive() -> None:
    with raw_server(HEAD + b"\r\n", b"data: one\n\n") as (url, released):
        async with open_stream(url, headers={"accept": "text/event-stream"}) as stream:
            assert (stream.status, stream.media_type) == (200, "text/event-stream")
            assert await stream.read(5) == b"data: one\n\n"
            released.set()
            assert await stream.read(5) == b""


@pytest.mark.anyio
async def test_r30_silence_is_a_fetch_that_failed() -> None:
    with raw_server(HEAD + b"\r\n") as (url, _):
        async with open_stream(url) as stream:
            with pytest.raises(FetchError, match="in time"):
                await stream.read(0.05)


@pytest.mark.anyio
async def test_r30_an_answer_that_does_not_begin_is_a_fetch_that_failed() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n") as (url, _), pytest.raises(FetchError, match="in time"):
        async with open_stream(url, policy=BRIEF):
            pass


@pytest.mark.anyio
async def test_a_connection_that_breaks_is_a_fetch_that_failed() -> None:
    with raw_server(HEAD + b"content-length: 100\r\n\r\n", b"12345") as (url, released):
        async with open_stream(url) as stream:
            assert await stream.read(5) == b"12345"
            released.set()
            with pytest.raises(FetchError):
                await stream.read(5)


@pytest.mark.anyio
async def test_j88_nothing_is_unpacked() -> None:
    with (
        raw_server(HEAD + b"content-encoding: gzip\r\n\r\n") as (url, _),
        pytest.raises(FetchError, match="compressed"),
    ):
        async with open_stream(url):
            pass


@pytest.mark.anyio
async def test_j87_a_redirect_is_an_answer_and_is_not_followed(server: LoopbackIssuer) -> None:
    server.answer = lambda path: (302, {"location": "/jwks"}, b"")
    async with open_stream(server.url + "/old") as stream:
        assert stream.status == 302
    assert server.requests == ["/old"]


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["http://a.example/", "file:///etc/passwd", "https://user@a.example/"])
async def test_j86_addresses_that_may_not_be_fetched(url: str) -> None:
    with pytest.raises(FetchError):
        async with open_stream(url):
            pass


@pytest.mark.anyio
async def test_j42_a_secret_that_cannot_be_sent_is_not_shown(server: LoopbackIssuer) -> None:
    with pytest.raises(FetchError) as caught:
        async with open_stream(server.url, headers={"authorization": "canary\r\nx: y"}):
            pass
    assert "canary" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"


def test_bytes_come_with_whatever_status(server: LoopbackIssuer) -> None:
    server.answer = lambda path: (410, {"content-type": "Text/Plain; a=b", "retry-after": "7"}, b"\xff")
    reply = get_bytes(server.url + "/x", headers={"accept": "text/plain"})
    assert (reply.status, reply.media_type, reply.headers["retry-after"], reply.body) == (
        410,
        "text/plain",
        "7",
        b"\xff",
    )
    assert "xff" not in repr(reply)


def test_j88_bytes_have_an_end(server: LoopbackIssuer) -> None:
    server.answer = lambda path: (500, {}, b"x" * 1001)
    with pytest.raises(FetchError, match="too long"):
        get_bytes(server.url + "/x", policy=Policy(max_bytes=1000, deadline=5))


LOADED = """
import sys
import anyio
from watchword import fetch

fetch.prepare()
before = set(sys.modules)

async def read():
    async with fetch.open_stream(sys.argv[1] + "/jwks") as stream:
        while await stream.read(5):
            pass
    try:
        async with fetch.open_stream("https://localhost:1/"):
            pass
    except fetch.FetchError:
        pass

anyio.run(read)
fetch.get_bytes(sys.argv[1] + "/jwks")
print(*set(sys.modules) - before)
"""


def test_once_prepared_a_stream_imports_nothing(server: LoopbackIssuer) -> None:
    """A fork while another thread imports would leave the child waiting for that import for ever."""
    done = subprocess.run([sys.executable, "-c", LOADED, server.url], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
