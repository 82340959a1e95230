"""Requests to the token endpoint, as many as are answered, over connections that stay open, in a process of its own.

Each connection asks for one thing after the other. One that breaks is made again, to the next issuer process, as a
balancer would; what had been asked then has neither been answered nor refused, and is asked again.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import uvloop
from benchmarks.trust.children import answer_until_the_end, say
from tests.faults.history import History

LONGEST = 10.0  # seconds for an answer
PAUSE = 0.02  # seconds before a connection is made again


class Connection:
    """One connection, to one issuer process at a time."""

    def __init__(self, begin: dict[str, Any], tls: ssl.SSLContext, ports: Iterator[int]) -> None:
        self._host = begin["issuer"].removeprefix("https://")
        self._tls = tls
        self._ports = ports
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.port = 0

    async def post(self, pair: tuple[str, str], form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and members of the answer.

        Raises:
            OSError, EOFError, TimeoutError: there was none.
        """
        async with asyncio.timeout(LONGEST):
            reader, writer = self._streams or await self._open()
            body = urlencode(form).encode()
            basic = base64.b64encode(":".join(map(quote_plus, pair)).encode()).decode()
            head = (
                f"POST /token HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Basic {basic}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(told.partition("content-length: ")[2].partition("\r\n")[0])
            answer = json.loads(await reader.readexactly(length))
            if "connection: close" in told:
                self.drop()
            return int(told.split(" ", 2)[1]), answer

    def drop(self) -> None:
        """Whatever was open is not used again."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.port = next(self._ports)
        self._streams = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self._tls, server_hostname="localhost"
        )
        return self._streams


class Load:
    """All connections of the process."""

    def __init__(self, begin: dict[str, Any]) -> None:
        self._begin = begin
        self._tls = ssl.create_default_context(cafile=begin["authority"])
        self._texts = [person["refresh_token"] for person in begin.get("people", [])]
        self._history = History()
        self._latencies: list[float] = []
        self._refusals: list[str] = []
        self._broken = 0

    def answer(self, question: dict[str, Any]) -> Any:
        """How so many ``seconds`` went."""
        self._latencies, self._refusals, self._broken = [], [], 0
        began, cpu = time.monotonic(), time.process_time()
        uvloop.run(self._run(began + question["seconds"]))
        told = {
            "seconds": time.monotonic() - began,
            "cpu": time.process_time() - cpu,
            "latencies": self._latencies,
            "refusals": self._refusals[:20],
            "refused": len(self._refusals),
            "broken": self._broken,
        }
        if "history" in question:
            self._history.save(Path(question["history"]))
        return told

    async def _run(self, until: float) -> None:
        count, ports = self._begin["connections"], self._begin["ports"]
        # Each begins elsewhere, so that they are spread evenly, and goes on in the same order.
        connections = [Connection(self._begin, self._tls, _turn(ports, number)) for number in range(count)]
        ask = self._refresh if self._begin["what"] == "refresh" else self._client_credentials
        await asyncio.gather(*(self._keep_asking(ask, number, one, until) for number, one in enumerate(connections)))

    async def _keep_asking(self, ask: Any, number: int, connection: Connection, until: float) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                await ask(number, connection)
                self._latencies.append(time.monotonic() - began)
            except (OSError, EOFError, TimeoutError, ValueError):
                self._broken += 1
                connection.drop()
                await asyncio.sleep(PAUSE)
        connection.drop()

    async def _client_credentials(self, number: int, connection: Connection) -> None:
        del number
        status, told = await connection.post(tuple(self._begin["pair"]), self._begin["form"])
        if status != 200:
            self._refusals.append(f"{status} {told}")

    async def _refresh(self, number: int, connection: Connection) -> None:
        """The next refresh of one of the connection's own people."""
        text, person = self._texts[number], self._begin["people"][number]
        form = {"grant_type": "refresh_token", "refresh_token": text}
        with self._history.attempt("refresh", text, family=person["grant_id"]) as operation:
            status, told = await connection.post(tuple(person["pair"]), form)
            operation.worker = str(connection.port)
            if status == 200:
                self._texts[number] = told["refresh_token"]
                operation.ok(told["refresh_token"])
            elif status < 500:
                operation.refused(f"{status} {told.get('error')}")
        if status != 200:
            self._refusals.append(f"{status} {told}")
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(PAUSE)


def _turn(ports: list[int], first: int) -> Iterator[int]:
    while True:
        yield ports[first % len(ports)]
        first += 1


if __name__ == "__main__":
    load = Load(json.loads(sys.stdin.readline()))
    say("ready")
    answer_until_the_end(load.answer)
