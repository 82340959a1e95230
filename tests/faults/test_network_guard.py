"""The guard of tests/conftest.py: no test leaves the machine."""

import socket

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("10.0.0.1", 443), ("0.0.0.0", 80)])
def test_connecting_elsewhere_raises(address: tuple[str, int]) -> None:
    with socket.socket() as client:
        client.settimeout(0.2)
        with pytest.raises(RuntimeError, match="tests may"):
            client.connect(address)
        with pytest.raises(RuntimeError, match="tests may"):
            client.connect_ex(address)


def test_sending_elsewhere_raises() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, pytest.raises(RuntimeError, match="tests may"):
        client.sendto(b"x", ("192.0.2.1", 53))


@pytest.mark.parametrize("name", ["example.com", "localhost.example.com", b"example.com"])
def test_looking_up_other_names_raises(name: str | bytes) -> None:
    with pytest.raises(RuntimeError, match="tests may"):
        socket.getaddrinfo(name, 80)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server.getsockname()[1]), timeout=2).close()
