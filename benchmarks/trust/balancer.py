"""Stands before several issuer processes as a load balancer does: each connection goes to one of them, in turn.

It passes bytes on and knows nothing of TLS or HTTP. A process that does not take the connection is passed over.
"""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Sequence

import uvloop

PIECE = 65_536


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


async def balance(front: int, ports: Sequence[int]) -> None:
    """Listen on the loopback port ``front`` until cancelled."""
    turn = itertools.cycle(ports)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in ports:
            try:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", next(turn))
                break
            except OSError:
                continue
        else:
            writer.close()
            return
        await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", front, backlog=2048)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(balance(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
