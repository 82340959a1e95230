"""Our HTTP protocol on real sockets: the drain, the bounds, the client's certificate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from watchword.server import protocol
from watchword.server.protocol import HEAD_LIMIT, WatchwordProtocol

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def answer_ok(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Running:
    def __init__(self, server: uvicorn.Server, port: int, task: "asyncio.Task[None]") -> None:
        self.server, self.port, self.task = server, port, task

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def running(application: Any = answer_ok) -> AsyncIterator[Running]:
    config = uvicorn.Config(
        application,
        port=0,
        http=WatchwordProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn offers a flag, no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Running(server, port, task)
    finally:
        server.should_exit = True
        await task


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


async def test_a_request_on_an_idle_connection_is_answered_during_shutdown() -> None:
    """Stock uvicorn closes idle connections at once: a request on its way is lost (TRIED row 3)."""
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(GET)
        assert b"connection: close" not in await read_answer(reader)
        server.server.should_exit = True
        while not any(one._draining for one in server.server.server_state.connections):  # type: ignore[union-attr]  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        writer.write(GET)
        answer = await read_answer(reader)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
        assert await reader.read() == b""
        writer.close()


async def test_the_application_is_told_while_its_responses_still_run() -> None:
    """The lifespan hears of the end only after they have ended, and an event stream would never."""
    ended = asyncio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["stopping"] = ended.set
            await answer_ok(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await ended.wait()
        await send({"type": "http.response.body", "body": b""})

    async with running(endless) as server:
        reader, writer = await server.connect()
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        assert not ended.is_set()
        server.server.should_exit = True
        assert await asyncio.wait_for(reader.read(), 2) == b"0\r\n\r\n", "in time, and to its proper end"
        writer.close()


async def test_a_connection_that_stays_idle_is_closed_and_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "DRAIN_SECONDS", 0.05)
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(GET)
        await read_answer(reader)
        server.server.should_exit = True
        assert await asyncio.wait_for(reader.read(), 5) == b""
        await asyncio.wait_for(asyncio.shield(server.task), 5)
        writer.close()


@pytest.mark.parametrize("part", ["url", "header", "headers"])
async def test_a_head_that_is_too_large_is_refused(part: str) -> None:
    async with running() as server:
        reader, writer = await server.connect()
        big = b"a" * (HEAD_LIMIT + 1)
        requests = {
            "url": b"GET /" + big + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + big + b"\r\n\r\n",
            "headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * (HEAD_LIMIT // 6) + b"\r\n",
        }
        writer.write(requests[part] + GET)
        answer = await read_answer(reader)
        assert answer.startswith(b"HTTP/1.1 431")
        assert b"ok" not in answer
        assert await reader.read() == b"", "nothing after the refusal is answered"
        writer.close()


async def test_a_head_just_below_the_limit_is_answered() -> None:
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * (HEAD_LIMIT - 200) + b"\r\n\r\n")
        assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: loc", b"HTTP/1.1 408"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf", b""),
        (b"", b""),
    ],
    ids=["half a head", "half a body", "nothing"],
)
async def test_slow_senders_are_let_go(monkeypatch: pytest.MonkeyPatch, sent: bytes, status: bytes) -> None:
    """R54: a request must arrive within a bounded time."""
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.1)
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer[: len(status)] == status
        assert bool(answer) == bool(status)
        writer.close()


async def test_requests_sent_together_are_answered_in_order() -> None:
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(GET * 3)
        for _ in range(3):
            assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_no_version_is_told() -> None:
    async with running() as server:
        reader, writer = await server.connect()
        writer.write(GET)
        assert b"server:" not in (await read_answer(reader)).lower()
        writer.close()
