"""Ports that are free on this machine."""

import errno
import socket
from collections.abc import Collection, Iterable

from watchword.cli.local.errors import LocalError

_LOOK_AHEAD = 200


def choose_port(preferred: int, *, hosts: Iterable[str], avoid: Collection[int] = ()) -> int:
    """``preferred`` when it is free, else the next that is; 0 means any.

    Args:
        preferred: the port to begin at.
        hosts: the addresses it will be listened on; ``localhost`` means both loopback addresses.
        avoid: ports that are promised to somebody else.

    Raises:
        LocalError: none is free near ``preferred``, or the address is not this machine's.
    """
    if preferred == 0:
        for _ in range(_LOOK_AHEAD):
            port = _any_port()
            if port not in avoid and all(is_free(port, host=host) for host in hosts):
                return port
    for port in range(preferred, min(preferred + _LOOK_AHEAD, 65536)):
        if port and port not in avoid and all(is_free(port, host=host) for host in hosts):
            return port
    raise LocalError(f"no port is free from {preferred} on")


def is_free(port: int, *, host: str) -> bool:
    """Whether ``port`` can be listened on.

    Raises:
        LocalError: the address is not this machine's, or the port is not for everybody.
    """
    names = ("127.0.0.1", "::1") if host == "localhost" else (host.strip("[]"),)
    for name in names:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((name, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            if name == "::1" and len(names) > 1:
                continue  # a machine without IPv6
            raise LocalError(f"cannot listen on {host}, port {port} ({error.strerror})") from error
    return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
