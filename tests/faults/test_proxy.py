"""The fault proxy does to a connection what each fault says."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.faults.proxy import Blackhole, Drip, FaultProxy, HalfClose, Latency, Refuse, Reset, Truncate

pytestmark = pytest.mark.anyio

ANSWER = b"0123456789"


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """A proxy to a server that answers each line with ten bytes, and ends when asked to."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(ANSWER)
            if line == b"end\n":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with FaultProxy(server.sockets[0].getsockname()[1]) as running:
        yield running
    server.close()


class Client:
    """One connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, proxy: FaultProxy) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def ask(self, line: bytes = b"hello\n") -> None:
        self.writer.write(line)
        await self.writer.drain()

    async def answer(self) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(len(ANSWER)), 5)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 5)

    async def close(self) -> None:
        self.writer.close()


async def test_without_a_fault_everything_comes_through(proxy: FaultProxy) -> None:
    client = await Client.connect(proxy)
    await client.ask()
    assert await client.answer() == ANSWER
    await client.ask(b"end\n")
    assert await client.rest() == ANSWER
    await client.close()


async def test_latency_delays_the_answer(proxy: FaultProxy) -> None:
    await proxy.inject(Latency(0.05))
    client = await Client.connect(proxy)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await client.ask()
    assert await client.answer() == ANSWER
    assert loop.time() - began >= 0.05
    await client.close()


async def test_drip_sends_single_bytes(proxy: FaultProxy) -> None:
    await proxy.inject(Drip(size=1, seconds=0.002))
    client = await Client.connect(proxy)
    await client.ask()
    assert len(await client.reader.read(100)) < len(ANSWER)
    await client.close()


async def test_reset_ends_the_connection_with_rst(proxy: FaultProxy) -> None:
    await proxy.inject(Reset(after=13))
    client = await Client.connect(proxy)
    await client.ask()
    assert await client.answer() == ANSWER
    await client.ask()
    with pytest.raises(ConnectionResetError):
        await client.rest()
    await client.close()


async def test_truncate_ends_it_cleanly_in_the_middle(proxy: FaultProxy) -> None:
    await proxy.inject(Truncate(after=4))
    client = await Client.connect(proxy)
    await client.ask()
    assert await client.rest() == ANSWER[:4]
    await client.close()


async def test_half_close_ends_answers_but_takes_requests(proxy: FaultProxy) -> None:
    await proxy.inject(HalfClose(after=4))
    client = await Client.connect(proxy)
    await client.ask()
    assert await client.rest() == ANSWER[:4]
    await client.ask()
    await client.ask(b"end\n")
    await client.close()


async def test_blackhole_says_nothing_until_it_is_lifted(proxy: FaultProxy) -> None:
    await proxy.inject(Blackhole())
    client = await Client.connect(proxy)
    await client.ask()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.reader.read(1), 0.05)
    await proxy.heal()
    assert await client.answer() == ANSWER
    await client.close()


async def test_refuse_closes_the_port_and_healing_opens_the_same_one(proxy: FaultProxy) -> None:
    open_before = await Client.connect(proxy)
    port = proxy.port
    await proxy.inject(Refuse())
    with pytest.raises(ConnectionRefusedError):
        await Client.connect(proxy)
    await open_before.ask()
    assert await open_before.answer() == ANSWER
    await proxy.heal()
    assert proxy.port == port
    client = await Client.connect(proxy)
    await client.ask()
    assert await client.answer() == ANSWER
    await client.close()
    await open_before.close()


async def test_cut_resets_what_is_open(proxy: FaultProxy) -> None:
    client = await Client.connect(proxy)
    await client.ask()
    assert await client.answer() == ANSWER
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await client.rest()
    await client.close()


async def test_a_server_that_is_down_resets(proxy: FaultProxy) -> None:
    proxy.upstream = 1
    client = await Client.connect(proxy)
    with pytest.raises(ConnectionResetError):
        await client.rest()
    await client.close()
