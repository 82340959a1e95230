"""Serving: which sockets, made when, and what a taken port says."""

import socket

import pytest

from watchword.server.run import ListenError, open_sockets


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_localhost_is_every_loopback_address_of_the_machine() -> None:
    opened = open_sockets("localhost", free_port())
    try:
        assert opened[0].getsockname()[0] == "127.0.0.1"
        assert {one.getsockname()[1] for one in opened} == {opened[0].getsockname()[1]}
        assert all(one.getsockname()[0] in {"127.0.0.1", "::1"} for one in opened)
        assert not any(one.get_inheritable() for one in opened)
    finally:
        for one in opened:
            one.close()


def test_a_taken_port_says_so_and_nothing_stays_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"port {port}"):
            open_sockets("localhost", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ListenError):
        open_sockets("192.0.2.1", 0)
