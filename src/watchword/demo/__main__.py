"""``python -m watchword.demo --settings FILE --port N``: the demonstration as a process of its own."""

import argparse
import errno
import socket
import sys
from pathlib import Path

import uvicorn

from watchword.demo.app import create_app
from watchword.demo.settings import DemoSettings, DemoSettingsError

_GRACE_SECONDS = 5


def main() -> int:
    """Serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m watchword.demo", description="The protected orders API.")
    parser.add_argument("--settings", type=Path, required=True, metavar="FILE", help="JSON, readable by its owner only")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="localhost", help="localhost means both loopback addresses")
    args = parser.parse_args()
    try:
        settings = DemoSettings.from_file(args.settings)
    except DemoSettingsError as error:
        parser.exit(1, f"watchword.demo: {error}\n")
    # uvicorn's access log would repeat query strings, and that of /callback holds a code (O80).
    config = uvicorn.Config(
        create_app(settings),
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ws="none",
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=_listen(args.host, args.port))
    return 0


def _listen(host: str, port: int) -> list[socket.socket]:
    """Sockets on every address that ``host`` means: browsers try ``::1`` first for ``localhost``, others do not."""
    names = ("127.0.0.1", "::1") if host == "localhost" else (host.strip("[]"),)
    sockets = []
    for name in names:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        try:
            sockets.append(socket.create_server((name, port), family=family, backlog=128))
        except OSError as error:
            if name != "::1" or len(names) == 1 or error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                raise
    return sockets


if __name__ == "__main__":
    sys.exit(main())
