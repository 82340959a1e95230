"""What happens to tokens while the feed is away, or was never there (THREATS R44)."""

import pytest
from tests.verify.exhaustion import no_thread_to_be_had
from tests.verify.revocation.fake_writer import JSON, FakeWriter
from tests.verify.revocation.readers import marks, reading, verdict

from watchword.clock import SettableClock
from watchword.verify.errors import RevocationsStaleError

CONFIGURATION = "/.well-known/watchword-configuration"


@pytest.mark.exhaustive
def test_r44_an_hour_without_the_feed_refuses_no_good_token(writer: FakeWriter, clock: SettableClock) -> None:
    writer.withdraw("token", "t-9", lifetime=7200)
    with reading(writer) as reader:
        reader.look()
        writer.fails()
        for _ in range(120):
            clock.advance(30)
            assert verdict(reader, marks(writer)) == "good"
            assert verdict(reader, marks(writer, jti="t-9")) == "token"
        assert reader.status().stale


def test_r44_told_to_reject_it_refuses_all_once_it_is_stale(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer, on_stale="reject") as reader:
        assert verdict(reader, marks(writer)) == "good"
        writer.fails()
        for _ in range(6):
            clock.advance(5)
            assert verdict(reader, marks(writer)) == "good"
            assert reader.look_at <= 30
        clock.advance(0.1)
        assert reader.look_at <= clock.monotonic()
        assert verdict(reader, marks(writer)) == "stale"
        writer.recovers()
        clock.advance(5)
        assert verdict(reader, marks(writer)) == "good"


def test_r44_told_to_reject_an_empty_mirror_is_refused_as_a_matter_of_503(writer: FakeWriter) -> None:
    writer.fails()
    with reading(writer, on_stale="reject") as reader, pytest.raises(RevocationsStaleError) as caught:
        reader.look()
    assert caught.value.status == 503


def test_without_a_thread_to_be_had_the_mirror_is_merely_old(writer: FakeWriter) -> None:
    with reading(writer) as reader, reading(writer, on_stale="reject") as strict, no_thread_to_be_had():
        assert verdict(reader, marks(writer)) == "good"
        assert verdict(strict, marks(writer)) == "stale"
        assert reader.status().last_error == "internal"


def test_an_issuer_without_a_feed_is_asked_once_an_hour(writer: FakeWriter, clock: SettableClock) -> None:
    writer.fails(CONFIGURATION, status=404)
    with reading(writer) as reader:
        assert verdict(reader, marks(writer)) == "good"
        assert reader.status().mode == "none"
        assert not reader.status().stale
        assert reader.look_at == clock.monotonic() + 3600
        clock.advance(3599)
        reader.look()
        assert len(writer.requests) == 1
        writer.recovers()
        writer.withdraw("token", "t-1")
        clock.advance(1)
        assert verdict(reader, marks(writer)) == "token"


@pytest.mark.parametrize("announces_nothing", ["a page not found", "a configuration without the member"])
def test_g9_whoever_demands_a_feed_is_not_content_with_none(
    writer: FakeWriter, clock: SettableClock, announces_nothing: str
) -> None:
    if announces_nothing == "a page not found":
        writer.fails(CONFIGURATION, status=404)
    else:
        writer.answer = lambda path: (200, JSON, b'{"issuer": "%s"}' % writer.url.encode())
    with reading(writer, on_stale="reject") as strict:
        assert verdict(strict, marks(writer)) == "stale"
        assert strict.status().stale
        assert strict.status().last_error == "feed_misannounced"
        writer.recovers()
        clock.advance(60)
        assert verdict(strict, marks(writer)) == "good"


def test_a_configuration_without_the_member_announces_no_feed(writer: FakeWriter) -> None:
    writer.answer = lambda path: (200, JSON, b'{"issuer": "%s"}' % writer.url.encode())
    with reading(writer) as reader:
        reader.look()
        assert reader.status().mode == "none"


def test_r44_a_feed_that_is_announced_no_more_drops_nothing(writer: FakeWriter, clock: SettableClock) -> None:
    """Otherwise a page not found would give back what was withdrawn."""
    writer.withdraw("token", "t-1")
    with reading(writer) as reader, reading(writer, on_stale="reject") as strict:
        reader.look()
        strict.look()
        writer.fails(status=404)
        for _ in range(7):
            clock.advance(5)
            reader.look()
        assert writer.count(CONFIGURATION) > 2
        assert verdict(reader, marks(writer)) == "token"
        assert (reader.status().mode, reader.status().stale) == ("on_demand", True)
        assert reader.status().last_error == "feed_gone"
        assert verdict(strict, marks(writer, jti="t-2")) == "stale"
