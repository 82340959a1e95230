"""An issuer on a real port: event streams do not end, which no client in the same process could bear."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from tests.issuer.issuing import World

from watchword.clock import SettableClock
from watchword.issuer.app import create_app
from watchword.issuer.context import Issuer
from watchword.issuer.revocation.streams import Intervals, Streams
from watchword.server.protocol import WatchwordProtocol
from watchword.store.wake import Wake
from watchword.verify.credentials import ResourceCredentials
from watchword.verify.revocation.settings import RevocationSettings

EVENTS = "/revocation/events"
BRISK = Intervals(look=0.02, heartbeat=60.0)
PATIENCE = 30.0  # seconds for what should take none, however busy the machine is


@dataclass
class Served:
    """What runs, and where. It has what `tests.verify.revocation.readers` asks of a writer."""

    at_work: Issuer
    server: uvicorn.Server
    task: "asyncio.Task[None]"
    port: int
    clock: SettableClock

    @property
    def issuer(self) -> str:
        return self.at_work.settings.issuer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def streams(self) -> Streams:
        return self.at_work.streams

    def settings(self, **options: Any) -> RevocationSettings:
        """For a reader: the issuer by its name, and where it is."""
        url = self.url + "/.well-known/watchword-configuration"
        return RevocationSettings(**{"issuer": self.issuer, "configuration_url": url} | options)

    async def streams_are(self, number: int) -> None:
        """Wait until so many are open."""
        await until(lambda: len(self.streams) == number)


async def until(condition: Callable[[], bool]) -> None:
    """Until something beside made it true: for what nobody tells of."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  see above
            await asyncio.sleep(0.005)


@asynccontextmanager
async def served(
    world: World, *, intervals: Intervals = BRISK, port: int = 0, wake: Wake | None = None, **settings: Any
) -> AsyncIterator[Served]:
    """The world's issuer on a port of its own, with other settings."""
    listener = socket.create_server(("127.0.0.1", port))
    port = listener.getsockname()[1]
    own = replace(world.issuer.settings, hosts=(f"127.0.0.1:{port}",), **settings)
    streams = Streams(feed=world.issuer.feed, store=world.issuer.store, settings=own, wake=wake, intervals=intervals)
    issuer = replace(world.issuer, settings=own, streams=streams)

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[dict[str, Any]]:
        del application
        yield {"stopping": streams.stop}
        await streams.aclose()

    config = uvicorn.Config(
        create_app(issuer, lifespan=lifespan),
        http=WatchwordProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=20,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets=[listener]))
    await until(lambda: server.started)
    try:
        yield Served(issuer, server, task, port, world.clock)
    finally:
        server.should_exit = True
        await task


class Pushed:
    """An open stream, event by event."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._pieces = response.aiter_text()
        self._text = ""

    async def next(self) -> dict[str, str] | None:
        """The fields of the next event or instruction; None at the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            while "\n\n" not in self._text:
                piece = await anext(self._pieces, None)
                if piece is None:
                    assert self._text == ""
                    return None
                self._text += piece
        event, _, self._text = self._text.partition("\n\n")
        return {name: value.removeprefix(" ") for name, _, value in (line.partition(":") for line in event.split("\n"))}


@asynccontextmanager
async def pushed(
    where: Served, place: str | None, *, query: str = "", credentials: ResourceCredentials | None = None
) -> AsyncIterator[Pushed]:
    """Connect to the events; what says when to connect again has been read."""
    headers = {"accept": "text/event-stream"}
    if place is not None:
        headers["last-event-id"] = place
    if credentials is not None:
        headers["authorization"] = credentials.basic()
    async with (
        httpx2.AsyncClient(timeout=PATIENCE) as http,
        http.stream("GET", where.url + EVENTS + query, headers=headers) as response,
    ):
        stream = Pushed(response)
        if response.status_code == 200:
            assert await stream.next() == {"retry": "1000"}
        else:
            await response.aread()
        yield stream
