"""The mirror that is refreshed inside a request: what every mode stands on (THREATS R40, R42)."""

import threading
from typing import Any

import anyio
import anyio.to_thread
import pytest
from tests.verify.revocation.fake_writer import CREDENTIALS, JSON, MESSAGE, FakeWriter, fake_writer
from tests.verify.revocation.readers import marks, reading, verdict

from watchword.clock import SettableClock
from watchword.jose import Key

CONFIGURATION = "/.well-known/watchword-configuration"


def test_nothing_is_asked_before_the_first_token(writer: FakeWriter) -> None:
    with reading(writer) as reader:
        assert writer.requests == []
        assert reader.status().mode == "unknown"
        assert verdict(reader, marks(writer)) == "good"
        assert [path for path in writer.requests if "poll" in path] == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("token", "t-1"),
        ("grant", "g-1"),
        ("session", "s-1"),
        ("key", "k-1"),
        ("subject", "u-1"),
        ("client", "c-1"),
        ("all", ""),
    ],
)
def test_r40_what_was_withdrawn_is_refused_five_seconds_later_at_most(
    writer: FakeWriter, clock: SettableClock, kind: str, value: str
) -> None:
    with reading(writer) as reader:
        assert verdict(reader, marks(writer)) == "good"
        before = reader.generation
        writer.withdraw(kind, value, epoch=6)
        assert clock.monotonic() < reader.look_at <= clock.monotonic() + 5
        clock.advance(5)
        assert clock.monotonic() >= reader.look_at
        assert verdict(reader, marks(writer)) == kind
        assert reader.generation > before


def test_a_mirror_younger_than_five_seconds_is_not_refreshed(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer) as reader:
        reader.look()
        for _ in range(10):
            reader.look()
        clock.advance(4.9)
        reader.look()
        assert writer.count("/feed/poll") == 0
        clock.advance(0.1)
        reader.look()
        assert writer.count("/feed/poll") == 1


def test_without_news_the_generation_stays(writer: FakeWriter, clock: SettableClock) -> None:
    writer.withdraw("token", "t-9")
    with reading(writer) as reader:
        reader.look()
        before = reader.generation
        for _ in range(3):
            clock.advance(5)
            reader.look()
        assert reader.generation == before
        assert reader.status().age == 0


def test_50_threads_make_one_exchange(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer) as reader:
        reader.look()
        clock.advance(6)
        asked = len(writer.requests)
        writer.gate.clear()
        started = threading.Barrier(51)

        def look() -> None:
            started.wait()
            reader.look()

        threads = [threading.Thread(target=look) for _ in range(50)]
        for thread in threads:
            thread.start()
        started.wait()
        writer.wait_until(lambda: len(writer.requests) > asked)
        writer.gate.set()
        for thread in threads:
            thread.join()
        assert len(writer.requests) == asked + 1


@pytest.mark.anyio
async def test_it_works_inside_an_event_loop(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer) as reader:
        await reader.alook()
        writer.withdraw("token", "t-1")
        clock.advance(5)
        await reader.alook()
        assert verdict(reader, marks(writer)) == "token"


@pytest.mark.anyio
async def test_the_event_loop_is_not_held_up(writer: FakeWriter) -> None:
    """What opens the gate runs in the loop that waits for it."""
    writer.gate.clear()

    async def open_the_gate() -> None:
        await anyio.to_thread.run_sync(writer.wait_until, lambda: len(writer.requests) > 0)
        writer.gate.set()

    with reading(writer) as reader:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(open_the_gate)
            await reader.alook()
        assert reader.status().journal_id == writer.journal_id


def test_more_than_one_batch_holds_is_read_at_once(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer) as reader:
        reader.look()
        for number in range(2500):
            writer.withdraw("token", f"t-{number}")
        clock.advance(5)
        assert verdict(reader, marks(writer, jti="t-2499")) == "token"
        assert writer.count("/feed/poll") == 3
        assert reader.status().entries == 2500


def test_r42_gone_numbers_are_answered_by_a_snapshot(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer) as reader:
        reader.look()
        writer.withdraw("token", "t-1")
        writer.deleted = 1
        clock.advance(5)
        assert verdict(reader, marks(writer)) == "token"
        assert writer.count("/feed/snapshot") == 2


def test_r42_a_restored_journal_replaces_the_mirror(writer: FakeWriter, clock: SettableClock) -> None:
    writer.withdraw("token", "t-1")
    with reading(writer) as reader:
        assert verdict(reader, marks(writer)) == "token"
        before = reader.generation
        clock.advance(5)
        writer.restore("journal-2")
        writer.withdraw("all", "", epoch=9)
        assert verdict(reader, marks(writer)) == "all"
        assert verdict(reader, marks(writer, ww_epoch=[5, 5, 9])) == "good"
        assert reader.generation > before
        assert reader.status().journal_id == "journal-2"


def test_r42_an_old_snapshot_from_a_cache_is_not_taken_back(writer: FakeWriter, clock: SettableClock) -> None:
    old = writer.sign(writer.snapshot())
    writer.withdraw("token", "t-1")
    with reading(writer) as reader:
        reader.look()
        writer.deleted = 2
        writer.answer = lambda path: (200, MESSAGE, old) if path == "/feed/snapshot" else None
        clock.advance(5)
        assert verdict(reader, marks(writer)) == "token"
        status = reader.status()
        assert (status.seq, status.age, status.last_error) == (1, 5, "feed_behind")
        writer.recovers()
        clock.advance(1)
        reader.look()
        assert (reader.status().age, reader.status().last_error) == (0, None)


@pytest.mark.parametrize("key", ["token", "unknown"])
def test_r42_a_message_signed_by_another_key_is_refused(writer: FakeWriter, clock: SettableClock, key: str) -> None:
    """The key of the tokens too, whatever name it gives itself."""
    with reading(writer) as reader:
        reader.look()
        forger = Key.from_dict({**writer.token_key.to_dict(private=True), "kid": "feed-1" if key == "token" else "k-9"})
        writer.withdraw("token", "t-1")
        forged = writer.sign(writer.batch(0), forger)
        writer.answer = lambda path: (200, MESSAGE, forged) if path == "/feed/poll" else None
        clock.advance(5)
        assert verdict(reader, marks(writer)) == "good"
        assert reader.status().last_error == "message_refused"
        assert reader.status().age == 5


def test_a_snapshot_comes_from_its_own_address_and_a_batch_from_its_own(
    writer: FakeWriter, clock: SettableClock
) -> None:
    with reading(writer) as reader:
        writer.answer = lambda path: (200, MESSAGE, writer.sign(writer.batch(0))) if path == "/feed/snapshot" else None
        reader.look()
        assert (reader.status().journal_id, reader.status().last_error) == (None, "message_refused")
        writer.recovers()
        clock.advance(5)
        reader.look()
        writer.withdraw("token", "t-1")
        writer.answer = lambda path: (200, MESSAGE, writer.sign(writer.snapshot())) if path == "/feed/poll" else None
        clock.advance(5)
        reader.look()
        assert (reader.status().seq, reader.status().last_error) == (0, "message_refused")


def test_a_feed_key_that_is_not_known_is_asked_for_at_most_twice_a_minute(
    writer: FakeWriter, clock: SettableClock
) -> None:
    with reading(writer) as reader:
        reader.look()
        clock.advance(30)
        stranger = Key.generate("ES256", kid="feed-9")
        forged = writer.sign(writer.batch(0), stranger)
        writer.answer = lambda path: (200, MESSAGE, forged) if path == "/feed/poll" else None
        for _ in range(12):
            clock.advance(5)
            reader.look()
        assert writer.count("/feed/poll") == 12
        assert writer.count("/feed/jwks") <= 1 + 2
        writer.recovers()
        writer.feed_key = stranger  # rotated, for real
        clock.advance(30)
        reader.look()
        assert reader.status().age == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, JSON, b"{}"), "feed_unreachable"),
        ((302, JSON | {"location": "/feed/snapshot"}, b""), "feed_unreachable"),
        ((204, {}, b""), "feed_unreachable"),
        ((400, JSON, b'{"error": "invalid_request"}'), "feed_request"),
        ((404, JSON, b"{}"), "feed_gone"),
        ((429, JSON | {"retry-after": "20"}, b"{}"), "feed_overloaded"),
        ((503, JSON | {"retry-after": "tomorrow"}, b"{}"), "feed_overloaded"),
        ((200, MESSAGE, b""), "message_refused"),
        ((200, MESSAGE, b"a.b.c"), "message_refused"),
        ((200, MESSAGE, b"\xff" * 100), "message_refused"),
        ((200, JSON, b"{}"), "message_refused"),
        ((200, MESSAGE, b"x" * (1024 * 1024 + 1)), "feed_unreachable"),
    ],
)
def test_whatever_a_poll_answers_the_mirror_stays(
    writer: FakeWriter, clock: SettableClock, answer: Any, code: str
) -> None:
    writer.withdraw("token", "t-1")
    with reading(writer) as reader:
        reader.look()
        writer.answer = lambda path: answer if path == "/feed/poll" else None
        clock.advance(5)
        assert verdict(reader, marks(writer)) == "token"
        assert reader.status().last_error == code
        assert reader.status().age == 5
        assert "/feed/snapshot" not in writer.requests[-1]
        writer.recovers()
        clock.advance(30)
        reader.look()
        assert (reader.status().last_error, reader.status().age) == (None, 0)


@pytest.mark.parametrize(("header", "wait"), [("20", 20), ("3600", 30), ("soon", 5), ("-1", 5)])
def test_retry_after_is_obeyed_for_half_a_minute_at_most(
    writer: FakeWriter, clock: SettableClock, header: str, wait: float
) -> None:
    with reading(writer) as reader:
        reader.look()
        clock.advance(5)
        writer.fails("/feed/poll", status=429, headers={"retry-after": header})
        reader.look()
        clock.advance(wait - 0.1)
        reader.look()
        assert writer.count("/feed/poll") == 1
        clock.advance(0.1)
        reader.look()
        assert writer.count("/feed/poll") == 2


def test_a_name_is_not_an_address(clock: SettableClock) -> None:
    """The issuer is known under a name that does not exist here; the feed is fetched where its configuration was."""
    with fake_writer(clock, "https://auth.example.com") as writer:
        writer.withdraw("token", "t-1")
        with reading(writer) as reader:
            assert verdict(reader, marks(writer)) == "token"
            clock.advance(5)
            reader.look()
            assert reader.status().age == 0


def test_refresh_asks_whatever_is_due(writer: FakeWriter) -> None:
    with reading(writer) as reader:
        reader.look()
        writer.withdraw("token", "t-1")
        reader.refresh()
        assert verdict(reader, marks(writer)) == "token"
        assert writer.count(CONFIGURATION) == 2


def test_closed_it_begins_anew(writer: FakeWriter) -> None:
    with reading(writer) as reader:
        reader.look()
        before = reader.generation
        reader.close()
        assert (reader.look_at, reader.status().journal_id) == (0.0, None)
        assert reader.generation > before
        writer.withdraw("token", "t-1")
        assert verdict(reader, marks(writer)) == "token"


def test_j42_polls_and_snapshots_carry_no_credentials(writer: FakeWriter, clock: SettableClock) -> None:
    with reading(writer, credentials=CREDENTIALS) as reader:
        reader.look()
        clock.advance(5)
        reader.look()
        assert not any("authorization" in headers for headers in writer.headers)
        assert "canary" not in repr(reader.status())
