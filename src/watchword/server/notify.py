"""Telling the service manager that the sockets listen: what sd_notify(3) of systemd does."""

import socket
from contextlib import suppress


def tell_ready(address: str) -> None:
    """Say READY=1 at ``address``, a path or, after an ``@``, a name without one. A manager that is gone is no error."""
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
        told.connect(place)
        told.send(b"READY=1")
