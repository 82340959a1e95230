"""The mirror that a thread keeps fresh by polling (THREATS R41, R44)."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.verify.revocation.fake_writer import FakeWriter
from tests.verify.revocation.readers import BRISK, WatchedReader, marks, reading, verdict

from watchword.clock import SettableClock

POLL = "/feed/poll"


@pytest.fixture
def reader(writer: FakeWriter) -> Iterator[WatchedReader]:
    with reading(writer, mode="poll") as running:
        running.look()
        yield running


def polls(reader: WatchedReader, writer: FakeWriter, clock: SettableClock, *, after: float = 5.0) -> None:
    """Let time pass until the next poll, and see it come."""
    before = writer.count(POLL)
    clock.advance(after)
    reader.wake()
    writer.wait_until(lambda: writer.count(POLL) > before)
    reader.rests()


def test_the_first_token_finds_a_mirror_that_is_filled(writer: FakeWriter) -> None:
    writer.withdraw("token", "t-1")
    with reading(writer, mode="poll") as reader:
        assert verdict(reader, marks(writer)) == "token"


def test_r41_it_polls_every_five_seconds(reader: WatchedReader, writer: FakeWriter, clock: SettableClock) -> None:
    clock.advance(4.9)
    reader.wake()
    assert writer.count(POLL) == 0
    writer.withdraw("token", "t-1")
    polls(reader, writer, clock, after=0.1)
    reader.knows(1)
    assert verdict(reader, marks(writer)) == "token"


def test_an_issuer_that_is_slow_holds_the_first_tokens_for_a_moment_only(writer: FakeWriter) -> None:
    writer.withdraw("token", "t-1")
    writer.gate.clear()
    with reading(writer, mode="poll", intervals=replace(BRISK, first_fill=0.05)) as reader:
        assert verdict(reader, marks(writer)) == "good"
        before = reader.generation
        writer.gate.set()
        reader.wait_until(lambda: reader.generation > before)  # what was kept meanwhile is asked again
        assert verdict(reader, marks(writer)) == "token"


def test_an_issuer_that_is_down_holds_nobody(writer: FakeWriter) -> None:
    writer.fails()
    with reading(writer, mode="poll") as reader, reading(writer, mode="poll", on_stale="reject") as strict:
        assert verdict(reader, marks(writer)) == "good"
        assert verdict(strict, marks(writer)) == "stale"


def test_r44_between_news_and_staleness_nothing_need_be_asked(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer, mode="poll", on_stale="reject") as reader:
        assert verdict(reader, marks(writer)) == "good"
        assert reader.look_at == 30
        polls(reader, writer, clock)
        reader.wait_until(lambda: reader.look_at == 35)
        writer.fails()
        clock.advance(30.1)
        assert reader.look_at <= clock.monotonic()
        assert verdict(reader, marks(writer)) == "stale"


def test_r44_an_hour_without_the_feed_refuses_no_good_token(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock
) -> None:
    writer.fails()
    for _ in range(12):
        polls(reader, writer, clock, after=300)
        assert verdict(reader, marks(writer)) == "good"
    assert reader.status().stale


def test_threads_and_loops_share_one_keeper(writer: FakeWriter) -> None:
    others = set(threading.enumerate())
    with reading(writer, mode="poll") as reader:
        threads = [threading.Thread(target=reader.look) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        new = set(threading.enumerate()) - others
        assert sum(thread.name == "watchword-revocations" for thread in new) == 1
        assert writer.count("/feed/snapshot") == 1


def test_closed_it_polls_no_more(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer, mode="poll") as reader:
        reader.look()
        keeper = reader.run._keeper
        assert keeper is not None
        reader.close()
        keeper.join(5)
        assert not keeper.is_alive()


def test_a_keeper_that_died_is_replaced(reader: WatchedReader, writer: FakeWriter, clock: SettableClock) -> None:
    run = reader.run
    assert run._keeper is not None
    run._ended.set()
    run.wake.set()
    run._keeper.join(5)
    run._ended.clear()
    clock.advance(30)
    assert reader.look_at <= clock.monotonic()  # it is looked at whether it lives
    reader.look()
    writer.wait_until(lambda: writer.count(POLL) == 1)
