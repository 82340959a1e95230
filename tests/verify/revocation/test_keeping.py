"""Threads that die, hang, or are not wanted any more: the mirror does not stop silently (THREATS R41, R43)."""

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from tests.verify.revocation.fake_writer import CREDENTIALS, PATIENCE, FakeWriter
from tests.verify.revocation.readers import BRISK, marks, reading, until, verdict

from watchword.clock import SettableClock
from watchword.verify.revocation.reader import JournalReader

EVENTS = "/feed/events"
dies = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@contextmanager
def a_log_that_raises() -> Iterator[None]:
    """What kills a thread that expects anything of the network and nothing of its own log."""

    def raises(record: logging.LogRecord) -> bool:
        raise MemoryError(record.name)

    log = logging.getLogger("watchword.verify")
    log.addFilter(raises)
    try:
        yield
    finally:
        log.removeFilter(raises)


@dies
def test_r41_on_demand_a_thread_that_died_does_not_keep_the_next_from_asking(
    writer: FakeWriter, clock: SettableClock
) -> None:
    with reading(writer) as reader:
        reader.look()
        writer.fails()
        clock.advance(5)
        with a_log_that_raises():
            reader.look()
        writer.recovers()
        writer.withdraw("token", "t-1")
        clock.advance(5)
        assert verdict(reader, marks(writer)) == "token"


@dies
def test_r41_a_keeper_that_died_of_something_unexpected_is_replaced_within_half_a_minute(
    writer: FakeWriter, clock: SettableClock
) -> None:
    with reading(writer, mode="poll") as reader:
        reader.look()
        keeper = reader.run._keeper
        assert keeper is not None
        writer.fails()
        with a_log_that_raises():
            clock.advance(5)
            reader.wake()
            keeper.join(PATIENCE)
        assert not keeper.is_alive()
        writer.recovers()
        writer.withdraw("token", "t-1")
        clock.advance(30)
        assert reader.look_at <= clock.monotonic()
        reader.look()
        reader.knows(1)
        assert verdict(reader, marks(writer)) == "token"


@dies
def test_r41_a_listener_that_died_is_replaced_after_the_silence(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer, mode="push", credentials=CREDENTIALS) as reader:
        reader.look()
        writer.wait_until(lambda: writer.connected == 1)
        listener = reader.run._listener
        assert listener is not None
        with a_log_that_raises():
            writer.fails(EVENTS)
            writer.say(None)
            listener.join(PATIENCE)
        assert not listener.is_alive()
        writer.recovers()
        clock.advance(15)
        reader.wake()
        writer.wait_until(lambda: writer.connected == 1)
        writer.withdraw("token", "t-1")
        reader.knows(1)
        assert verdict(reader, marks(writer)) == "token"


@pytest.mark.parametrize("mode", ["poll", "push"])
def test_r43_a_reader_that_nobody_has_any_more_leaves_neither_thread_nor_stream(
    writer: FakeWriter, clock: SettableClock, mode: str
) -> None:
    """A service that makes a verifier for each of its customers must be able to let it go."""
    reader = JournalReader(writer.settings(mode=mode, credentials=CREDENTIALS), clock=clock, intervals=BRISK)
    reader.look()
    run = reader._run
    assert run is not None
    until(lambda: mode == "poll" or writer.connected == 1)
    threads = [thread for thread in (run._keeper, run._listener) if thread is not None]
    del reader
    gc.collect()
    clock.advance(15)
    run.wake.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def test_r41_two_hundred_threads_before_a_feed_that_hangs_wait_a_second_and_ask_once(
    writer: FakeWriter, clock: SettableClock
) -> None:
    writer.gate.clear()
    verdicts: list[str] = []
    with reading(writer, mode="poll") as reader:
        reader.look_at = clock.monotonic()
        threads = [threading.Thread(target=lambda: verdicts.append(verdict(reader, marks(writer)))) for _ in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert verdicts == ["good"] * 200
        assert len(writer.requests) == 1


@pytest.mark.parametrize("mode", ["poll", "on_demand"])
def test_r41_whoever_gives_up_waiting_takes_the_exchange_from_nobody(
    writer: FakeWriter, clock: SettableClock, mode: str
) -> None:
    """Cancelled, or its event loop closed with the wait in it."""
    writer.withdraw("token", "t-1")
    writer.gate.clear()
    with reading(writer, mode=mode) as reader:

        async def give_up() -> None:
            with anyio.move_on_after(0.01):
                await reader.alook()
                raise AssertionError("there was nothing to wait for")

        anyio.run(give_up)
        loop = asyncio.new_event_loop()
        task = loop.create_task(reader.alook())
        loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
        writer.gate.set()
        assert verdict(reader, marks(writer)) == "token"
        assert writer.count("/feed/snapshot") == 1


def test_g11_what_was_not_expected_is_logged_without_what_it_holds(
    writer: FakeWriter, caplog: pytest.LogCaptureFixture
) -> None:
    """As a codec's error holds the whole text that it could not encode."""
    error = UnicodeEncodeError("utf-8", "canary\udc80", 6, 7, "surrogates not allowed")
    with reading(writer) as reader:
        reader.look()
        reader.run.mirroring.failed(error)
        reader.run.mirroring.push_failed(error)
    assert len(caplog.records) == 2
    assert "canary" not in caplog.text
