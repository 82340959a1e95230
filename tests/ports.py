"""Ports that a test has to name before anything listens on them.

What can listen on port 0 does. The rest takes from a block that belongs to this process alone: no other worker, and no
other checkout whose tests run at the same time, is given it. Blocks lie below the ports that the system itself hands
out, so that nobody's outgoing connection takes one of them either.
"""

import socket
from functools import cache

from watchword.cli.local.ports import is_free

SIZE = 40
_FIRST, _LAST = 18_400, 32_000
# Bound to the first port of each block in use; the system lets go of them with the process, however that ends.
_holds: list[socket.socket] = []


@cache
def block(purpose: str) -> int:
    """The first of 39 ports of this process's own; always the same for the same ``purpose``."""
    for start in range(_FIRST, _LAST, SIZE):
        hold = socket.socket()
        try:
            hold.bind(("127.0.0.1", start))
        except OSError:
            hold.close()
            continue
        _holds.append(hold)
        # A server that outlived its test may still be there: the whole block is left to it.
        if all(is_free(port, host="localhost") for port in range(start + 1, start + SIZE)):
            return start + 1
    raise AssertionError("every block of ports is in use")
