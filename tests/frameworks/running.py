"""Real servers on loopback, in threads of their own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from werkzeug.serving import make_server


class _Server(uvicorn.Server):
    """Says when it is ready, and stops when it is told to, where uvicorn looks at flags ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopped.wait()

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stopped.set)


@contextmanager
def asgi_server(app: Any) -> Iterator[str]:
    """The address, ``127.0.0.1:port``, at which uvicorn serves ``app``."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="auto", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        assert server.ready.wait(10)
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.stop()
            thread.join()


@contextmanager
def wsgi_server(app: Any) -> Iterator[str]:
    """The address at which werkzeug serves ``app``."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
