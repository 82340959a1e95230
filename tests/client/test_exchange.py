"""One request that is told in full: only this machine is asked, whatever the address looks like."""

import pytest

from watchword.client.exchange import NotOnThisMachineError, aexchange
from watchword.clock import SystemClock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/hello",
        "localhost:8500",
        "http:localhost:8500",
        "file:///etc/hostname",
        "ftp://localhost/",
        "http://169.254.169.254/",
        "http://localhost.example/",
        "http://localhost@evil.example/",
        "http://localhost:8500\\@evil.example/",
        "http://evil.example#@localhost/",
        "http://[::1].evil.example/",
        "http://[::1]evil.example/",
        "http://[::ffff:10.0.0.1]/",
        "http://0/",
        "http://127.1/",
        "http://localhost:abc/",
        "http://localhost:0/",
        "http://localhost:-1/",
        "http://localhost:99999/",
        "http://localhost:8500/\x01",
        "http://local\thost:8500/",
        "http://localhost:8500/\ud800",
        "http://[",
        "http://localhost/" + "a" * 70_000,
    ],
)
async def test_what_is_no_address_of_this_machine_is_not_asked(address: str) -> None:
    """J87: an error that people are told, and no other."""
    with pytest.raises(NotOnThisMachineError):
        await aexchange("GET", address, clock=SystemClock(), seconds=1.0)
