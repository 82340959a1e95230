"""The reader of an issuer that answers inside the process, as in a service's own tests: nothing listens anywhere."""

import socket
from collections.abc import Iterator

import pytest
from tests.verify.revocation.fake_writer import FakeWriter
from tests.verify.revocation.readers import marks, reading, verdict

from watchword import fetch
from watchword.clock import SettableClock
from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process

ORIGIN = "https://issuer.test"


@pytest.fixture
def inside(clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWriter]:
    def refused(*arguments: object, **options: object) -> object:
        raise OSError("no network in this test")

    writer = FakeWriter(clock)
    writer.url = ORIGIN
    writer.offers_push = False

    def answer(request: InProcessRequest) -> InProcessAnswer:
        found = writer.respond(request.url.removeprefix(ORIGIN), dict(request.headers))
        assert found is not None
        return InProcessAnswer(*found)

    fetch.prepare()
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    with danger_answer_in_process(ORIGIN, answer):
        yield writer


def test_on_demand(inside: FakeWriter, clock: SettableClock) -> None:
    with reading(inside) as reader:
        assert verdict(reader, marks(inside)) == "good"
        inside.withdraw("token", "t-1")
        clock.advance(5)
        assert verdict(reader, marks(inside)) == "token"


def test_polled(inside: FakeWriter) -> None:
    with reading(inside, mode="auto") as reader:
        assert verdict(reader, marks(inside)) == "good"
        inside.withdraw("token", "t-1")
        reader.refresh()
        assert verdict(reader, marks(inside)) == "token"
        assert reader.status().mode == "poll"
