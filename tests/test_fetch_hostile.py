"""Servers and name servers that mean harm (THREATS J87, J88, R30)."""

import gc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from watchword.fetch import HOSTILE, FetchError, Policy, get_bytes, get_json, open_stream, prepare

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
BRIEF = Policy(max_bytes=256 * 1024, deadline=0.3)
PATIENCE = 5.0
FILES = Path("/proc/self/fd")


@contextmanager
def server(head: bytes, forever: bytes = b"", *, pause: float = 0.0) -> Iterator[str]:
    """Answers everybody with ``head``, and then with ``forever`` until they hang up."""
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            while forever and not ended.wait(pause):
                connection.sendall(forever)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()


@pytest.mark.parametrize(
    ("head", "forever", "pause"),
    [
        (CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n", 0.0),
        (OK + b"\r\n", b" " * 65536, 0.0),
        (OK + b"content-length: 99999999999\r\n\r\n", b" " * 65536, 0.0),
        (OK, b"x: " + b"y" * 60000 + b"\r\n", 0.0),
        (OK, b"x: y\r\n" * 1000, 0.0),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, 0.0),
        (CHUNKED + b"1;", b"x" * 65536, 0.0),
        (CHUNKED + b"1\r\n \r\n0\r\n", b"x: y\r\n" * 1000, 0.0),
        (OK + b"content-length: 99999\r\n\r\n", b" ", 0.01),
        (OK, b"x", 0.01),
        (OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}", b" ", 0.01),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n", b" ", 0.01),
        (b"", b"", 0.0),
    ],
    ids=[
        "chunks without end",
        "a body without end",
        "a length without end",
        "a header without end",
        "headers without end",
        "hints without end",
        "a chunk extension without end",
        "trailers without end",
        "a body that drips",
        "a header that drips",
        "two lengths",
        "another protocol",
        "nothing",
    ],
)
def test_j88_r30_every_answer_has_an_end(head: bytes, forever: bytes, pause: float) -> None:
    with server(head, forever, pause=pause) as url:
        begun = time.monotonic()
        with pytest.raises(FetchError):
            get_bytes(url, policy=BRIEF)
        assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize(
    "forever", [b"x: y\r\n" * 1000, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100], ids=["headers", "hints"]
)
def test_j88_r30_so_has_the_beginning_of_a_stream(forever: bytes) -> None:
    async def read() -> None:
        async with open_stream(url, policy=BRIEF):
            raise AssertionError("it has not begun")

    with server(b"" if forever.startswith(b"HTTP") else OK, forever) as url, pytest.raises(FetchError):
        anyio.run(read)


def held() -> tuple[int, int]:
    """How many files are open, and how many threads run."""
    return len(list(FILES.iterdir())), threading.active_count()


@pytest.mark.skipif(not FILES.is_dir(), reason="open files are counted on Linux only")
@pytest.mark.parametrize(
    ("head", "forever", "deadline"),
    [
        (OK + b"content-length: 2\r\n\r\n{}", b"", 5.0),
        pytest.param(b"", b"", 5.0, marks=pytest.mark.exhaustive),
        pytest.param(OK + b"\r\n", b" ", 0.01, marks=pytest.mark.exhaustive),
        pytest.param(OK + b"\r\n", b" " * 65536, 5.0, marks=pytest.mark.exhaustive),
    ],
    ids=["good", "nothing", "late", "too much"],
)
def test_no_fetch_leaves_a_file_or_a_thread_open(head: bytes, forever: bytes, deadline: float) -> None:
    prepare()
    with server(head, forever, pause=0.005 if deadline < 1 else 0.0) as url:
        gc.collect()
        files, threads = held()
        for _ in range(100):
            with suppress(FetchError):
                get_bytes(url, policy=replace(BRIEF, deadline=deadline))
        begun = time.monotonic()
        while held()[0] > files + 5 or held()[1] > threads + 5:
            assert time.monotonic() - begun < PATIENCE
            threading.Event().wait(0.01)


Found = list[tuple[int, int, int, str, tuple[str, int]]]


def resolving(*answers: str) -> Callable[..., Found]:
    """A name server that answers with these addresses."""

    def getaddrinfo(host: object, port: int, *arguments: object, **options: object) -> Found:
        del host, arguments, options
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers]

    return getaddrinfo


@pytest.mark.parametrize("answers", [("93.184.216.34", "10.0.0.1"), ("127.0.0.1", "93.184.216.34"), ()])
def test_j87_a_name_with_any_address_that_is_not_public_is_refused(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(*answers))
    with pytest.raises(FetchError, match="public internet"):
        get_json("https://mixed.example/", policy=HOSTILE)


def test_j87_a_name_that_changes_its_address_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: what was found public is what is connected to."""
    asked: list[object] = []
    connected: list[tuple[str, int]] = []

    def rebinding(host: object, port: int, *arguments: object, **options: object) -> Found:
        asked.append(host)
        return resolving("93.184.216.34" if len(asked) == 1 else "127.0.0.1")(host, port)

    async def connect(*, remote_host: str, remote_port: int, **options: object) -> object:
        del options
        connected.append((remote_host, remote_port))
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(anyio, "connect_tcp", connect)
    with pytest.raises(FetchError):
        get_json("https://rebinding.example:8443/", policy=HOSTILE)
    assert len(asked) == 1
    assert connected == [("93.184.216.34", 8443)]


_NAME_SERVER_IS_SILENT = """
import socket, time
socket.getaddrinfo = lambda *arguments, **options: time.sleep(60)
from watchword.fetch import FetchError, Policy, get_json
try:
    get_json("https://a.example/", policy=Policy(max_bytes=1000, deadline=0.1))
except FetchError as error:
    print(error.sentence)
"""


def test_r30_a_name_server_that_is_silent_does_not_hold_up_the_end_of_the_process() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _NAME_SERVER_IS_SILENT], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout == "the address could not be reached in time\n"
    assert ended.stderr == ""
