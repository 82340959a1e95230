"""The server of the ASGI comparison: one empty Starlette endpoint, bare or behind the middleware.

`benchmarks.verify.asgi` starts it. It tells its port and a token in one line of JSON, then serves until its standard
input ends.
"""

import asyncio
import json
import socket
import sys
from typing import Any

import uvicorn
from benchmarks.verify.issuer_here import IssuerHere
from benchmarks.verify.material import AUDIENCE, ISSUER, WITHDRAWABLE, make
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchword.asgi import ProtectMiddleware


async def nothing(request: Request) -> Response:
    """The empty endpoint."""
    del request
    return Response()


def application(kind: str) -> Any:
    """The application, ``bare`` or ``guarded``."""
    bare = Starlette(routes=[Route("/", nothing)])
    return bare if kind == "bare" else ProtectMiddleware(bare, issuer=ISSUER, audience=AUDIENCE, revocation="poll")


async def serve(server: uvicorn.Server) -> None:
    """Serve on a free loopback port until standard input ends."""
    material = make("ES256", also=WITHDRAWABLE)
    with socket.socket() as listener, IssuerHere(material).answering():
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(json.dumps({"port": listener.getsockname()[1], "token": material.token}), flush=True)
        asyncio.get_running_loop().add_reader(sys.stdin, lambda: setattr(server, "should_exit", True))
        await server.serve(sockets=[listener])


if __name__ == "__main__":
    config = uvicorn.Config(application(sys.argv[1]), access_log=False, log_level="warning", lifespan="off")
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve(uvicorn.Server(config)))
