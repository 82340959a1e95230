"""A TCP proxy on loopback that misbehaves on demand.

The client speaks to ``port``, the proxy to the real server. Faults strike the answers, byte by byte where they say
so; a fault may be changed at any moment, also for connections that are open.
"""

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Self

_CHUNK = 65_536


@dataclass(slots=True, eq=False)
class Link:
    """The way of the answers of one connection to its client."""

    writer: asyncio.StreamWriter
    proxy: "FaultProxy"
    sent: int = 0
    silenced: bool = False

    async def send(self, data: bytes) -> None:
        if data and not self.silenced:
            self.writer.write(data)
            self.sent += len(data)
            await self.writer.drain()

    def reset(self) -> None:
        """End it with RST, both ways."""
        if self.writer.transport.is_closing():
            return
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def half_close(self) -> None:
        """Send FIN and nothing more, but go on listening."""
        self.silenced = True
        self.writer.write_eof()

    def close(self) -> None:
        self.silenced = True
        self.writer.close()


class Fault(ABC):
    """What happens to answers."""

    @abstractmethod
    async def pass_on(self, data: bytes, link: Link) -> None:
        """Deal with the next bytes of an answer."""


class Sound(Fault):
    """No fault."""

    async def pass_on(self, data: bytes, link: Link) -> None:
        await link.send(data)


@dataclass(frozen=True, slots=True)
class Latency(Fault):
    """Each piece of an answer comes ``seconds`` late."""

    seconds: float

    async def pass_on(self, data: bytes, link: Link) -> None:
        await asyncio.sleep(self.seconds)
        await link.send(data)


@dataclass(frozen=True, slots=True)
class Drip(Fault):
    """``size`` bytes at a time, with a pause of ``seconds`` after each."""

    size: int = 1
    seconds: float = 0.001

    async def pass_on(self, data: bytes, link: Link) -> None:
        for start in range(0, len(data), self.size):
            await link.send(data[start : start + self.size])
            await asyncio.sleep(self.seconds)


@dataclass(frozen=True, slots=True)
class _Ending(Fault):
    """The connection ends after ``after`` bytes of answers, counted from its beginning."""

    after: int = 0

    async def pass_on(self, data: bytes, link: Link) -> None:
        room = self.after - link.sent
        if len(data) < room:
            await link.send(data)
        else:
            await link.send(data[: max(room, 0)])
            self.end(link)

    @abstractmethod
    def end(self, link: Link) -> None: ...


class Reset(_Ending):
    """RST after ``after`` bytes."""

    def end(self, link: Link) -> None:
        link.reset()


class Truncate(_Ending):
    """A clean end after ``after`` bytes, as if the server had nothing more to say."""

    def end(self, link: Link) -> None:
        link.close()


class HalfClose(_Ending):
    """FIN after ``after`` bytes, while requests are still taken."""

    def end(self, link: Link) -> None:
        if not link.silenced:
            link.half_close()


class Blackhole(Fault):
    """Nothing comes through, and nothing says so; what was held back comes when the fault is lifted."""

    async def pass_on(self, data: bytes, link: Link) -> None:
        await link.proxy.changed()
        await link.proxy.fault.pass_on(data, link)


class Refuse(Fault):
    """Nobody listens on the port. Open connections go on."""

    async def pass_on(self, data: bytes, link: Link) -> None:
        await link.send(data)


@dataclass(slots=True)
class FaultProxy:
    """A proxy to ``upstream`` on loopback; use it as an async context manager."""

    upstream: int
    port: int = 0
    fault: Fault = field(default_factory=Sound)
    _server: asyncio.Server | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _links: set[Link] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def inject(self, fault: Fault) -> None:
        """From now on, ``fault``; `Sound` heals."""
        self.fault = fault
        self._changed.set()
        self._changed = asyncio.Event()
        if isinstance(fault, Refuse):
            self._stop_listening()
        elif self._server is None:
            await self._listen()

    async def heal(self) -> None:
        await self.inject(Sound())

    def cut(self) -> None:
        """Reset every connection that is open now."""
        for link in tuple(self._links):
            link.reset()

    async def changed(self) -> None:
        """Return when another fault has been injected."""
        await self._changed.wait()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._spawn(self._connect(reader, writer))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(writer, self)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            link.reset()
            return
        self._links.add(link)
        requests = self._spawn(_pump(reader, up_writer))
        try:
            with contextlib.suppress(OSError):
                while data := await up_reader.read(_CHUNK):
                    await self.fault.pass_on(data, link)
            if not link.silenced:
                link.close()
        finally:
            self._links.discard(link)
            try:
                if not writer.transport.is_closing():
                    await requests  # half-closed: requests are still taken
            finally:
                writer.close()
                up_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what ``reader`` brings, and its end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
