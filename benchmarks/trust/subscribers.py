"""Raw readers of the event streams, hundreds to a process: they check each message's signature and keep its number.

They connect to the issuer processes themselves, in turn, so that nothing stands between.
"""

import asyncio
import base64
import json
import ssl
import sys
import threading
import time
from typing import Any, cast

import uvloop
from benchmarks.trust.children import answer_until_the_end, say

from watchword.jose import KeySet, jwt

LONGEST = 60.0
AT_ONCE = 20  # connections that are being made at the same time


class _Reader(asyncio.Protocol):
    """One connection: of what comes, the batches."""

    def __init__(self, request: bytes, subscribers: "Subscribers") -> None:
        self._request = request
        self._subscribers = subscribers
        self._left = b""
        self.seq = -1
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are nobody's subclass.
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self._left += data
        if not self.opened.done() and b"\r\n\r\n" in self._left:
            self.opened.set_result(self._left.startswith(b"HTTP/1.1 200"))
        *events, self._left = self._left.split(b"\n\n")
        for event in events:
            for line in event.splitlines():
                if line.startswith(b"data: "):
                    self._take(line[6:])

    def _take(self, message: bytes) -> None:
        claims = jwt.decode(
            message.decode(), self._subscribers.keys, algorithms=("ES256",), typ="watchword-journal+jwt"
        )
        if claims["to"] > self.seq:
            self.seq = claims["to"]
            self._subscribers.learnt(self.seq)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        if not self.opened.done():
            self.opened.set_result(False)
        self._subscribers.lost += 1


class Subscribers:
    """The readers of one process, in an event loop in a thread of its own."""

    def __init__(self, begin: dict[str, Any]) -> None:
        self._begin = begin
        self.keys = KeySet.from_dict(begin["feed_jwks"])
        self.lost = 0
        self._moments: dict[int, list[float]] = {}
        self._loop = uvloop.new_event_loop()
        self._tls = ssl.create_default_context(cafile=begin["authority"])
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def learnt(self, seq: int) -> None:
        """A reader has it now."""
        self._moments.setdefault(seq, []).append(time.monotonic())

    def answer(self, question: dict[str, Any]) -> Any:
        """``connect``: how many are open. ``await``: when readers learnt of a number."""
        if question["ask"] == "connect":
            work = self._connect(question["readers"], question["place"])
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        seq, readers, deadline = question["seq"], question["readers"], time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            # One who was told of two at once learnt of the first then, too.
            moments = [moment for told, found in self._moments.items() if told >= seq for moment in found]
            if len(moments) >= readers:
                break
            time.sleep(0.01)
        return {"moments": sorted(moments)[:readers], "lost": self.lost}

    async def _connect(self, readers: int, place: str) -> int:
        turn = asyncio.Semaphore(AT_ONCE)
        ports = self._begin["ports"]
        basic = base64.b64encode(f"{self._begin['identifier']}:{self._begin['secret']}".encode()).decode()
        host = self._begin["issuer"].removeprefix("https://")
        lines = [
            "GET /revocation/events HTTP/1.1",
            f"Host: {host}",
            "Accept: text/event-stream",
            f"Authorization: Basic {basic}",
            f"Last-Event-ID: {place}",
        ]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()

        async def one(number: int) -> bool:
            async with turn:
                reader = _Reader(request, self)
                await self._loop.create_connection(
                    lambda: reader, "127.0.0.1", ports[number % len(ports)], ssl=self._tls, server_hostname="localhost"
                )
                return await reader.opened

        return sum(await asyncio.gather(*(one(number) for number in range(readers))))


if __name__ == "__main__":
    subscribers = Subscribers(json.loads(sys.stdin.readline()))
    say("ready")
    answer_until_the_end(subscribers.answer)
