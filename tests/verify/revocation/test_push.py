"""What is pushed, and what happens when pushing fails (THREATS R41)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.verify.revocation.fake_writer import CREDENTIALS, JSON, FakeWriter
from tests.verify.revocation.readers import BRISK, WatchedReader, marks, reading, until, verdict

from watchword.clock import SettableClock
from watchword.verify.credentials import ResourceCredentials

EVENTS = "/feed/events"


@pytest.fixture
def reader(writer: FakeWriter) -> Iterator[WatchedReader]:
    """Connected and up to date."""
    with reading(writer, mode="auto", credentials=CREDENTIALS) as running:
        connect(running, writer)
        yield running


def connect(reader: WatchedReader, writer: FakeWriter) -> None:
    reader.look()
    writer.wait_until(lambda: writer.connected > 0)


def hear(reader: WatchedReader, writer: FakeWriter) -> None:
    writer.heartbeat()
    until(lambda: reader.status().mode == "push")


def test_r41_a_withdrawal_is_refused_as_soon_as_it_is_pushed(reader: WatchedReader, writer: FakeWriter) -> None:
    """Nothing moves the clock and nobody polls: that it arrives at all is that it was pushed."""
    token = marks(writer)
    assert verdict(reader, token) == "good"
    before = reader.generation
    writer.withdraw("grant", "g-1")
    reader.wait_until(lambda: reader.generation > before)
    assert verdict(reader, token) == "grant"
    assert writer.count("/feed/poll") == 0
    assert writer.count("/feed/snapshot") == 1


def test_it_says_where_it_stands_and_who_it_is(reader: WatchedReader, writer: FakeWriter) -> None:
    headers = next(h for path, h in zip(writer.requests, writer.headers, strict=True) if path == EVENTS)
    assert headers["accept"] == "text/event-stream"
    assert headers["last-event-id"] == "journal-1:0"
    assert headers["authorization"] == CREDENTIALS.basic()


def test_while_it_is_pushed_to_nobody_polls(reader: WatchedReader, writer: FakeWriter, clock: SettableClock) -> None:
    for _ in range(5):
        clock.advance(5)
        writer.heartbeat()
        until(lambda: reader.status().age == 0)
        reader.rests()
        reader.wake()
    assert writer.count("/feed/poll") == 0


def test_r41_after_silence_it_polls(reader: WatchedReader, writer: FakeWriter, clock: SettableClock) -> None:
    hear(reader, writer)
    clock.advance(15)
    reader.wake()
    writer.wait_until(lambda: writer.count("/feed/poll") == 1)
    assert reader.status().mode == "poll"


def test_r41_messages_that_are_no_news_do_not_keep_it_from_polling(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock
) -> None:
    """Each says that there is more, and none brings it."""
    claims = writer.claims("batch", **{"from": 0, "to": 0, "head": 1, "entries": []})
    writer.say(b"event: batch\ndata: %s\n\nevent: batch\ndata: the end\n\n" % writer.sign(claims))
    until(lambda: reader.status().last_error == "message_refused")
    clock.advance(5)
    reader.wake()
    writer.wait_until(lambda: writer.count("/feed/poll") == 1)


def test_r41_a_connection_without_a_message_is_given_up(writer: FakeWriter) -> None:
    """Comments, and whatever drips, are no messages."""
    intervals = replace(BRISK, silence=0.05)
    with reading(writer, mode="push", credentials=CREDENTIALS, intervals=intervals) as reader:
        connect(reader, writer)
        writer.say(b": still here\n\n")
        writer.wait_until(lambda: writer.count(EVENTS) >= 2)
        assert reader.status().last_error == "feed_unreachable"


def test_r41_what_was_missed_comes_with_the_next_connection(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock
) -> None:
    connections = writer.count(EVENTS)
    writer.say(None)
    writer.wait_until(lambda: writer.count(EVENTS) > connections)
    writer.withdraw("token", "t-1")
    reader.knows(1)
    assert verdict(reader, marks(writer)) == "token"
    writer.wait_until(lambda: writer.count(EVENTS) > connections)


def test_r41_cut_off_it_polls_again_at_its_usual_pace(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock
) -> None:
    hear(reader, writer)
    writer.fails(EVENTS)
    writer.say(None)
    writer.wait_until(lambda: writer.count(EVENTS) > 1)
    until(lambda: reader.status().mode == "poll")
    clock.advance(5)
    reader.wake()
    writer.wait_until(lambda: writer.count("/feed/poll") == 1)


def test_r42_a_gap_is_closed_by_a_snapshot(reader: WatchedReader, writer: FakeWriter, clock: SettableClock) -> None:
    hear(reader, writer)  # what a new connection is told first is behind us
    writer.loses_the_next = True
    writer.withdraw("token", "t-1")
    clock.advance(1)  # no snapshot more often than once a second
    writer.withdraw("token", "t-2")
    reader.knows(2)
    assert verdict(reader, marks(writer)) == "token"
    assert writer.count("/feed/snapshot") == 2


def test_a_reset_is_a_snapshot_at_most_once_a_second(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock
) -> None:
    for _ in range(5):
        writer.say(b"event: reset\ndata:\n\n")
    until(lambda: reader.run.mirroring.mirror.needs_snapshot)
    assert writer.count("/feed/snapshot") == 1
    clock.advance(1)
    reader.wake()
    writer.wait_until(lambda: writer.count("/feed/snapshot") == 2)
    reader.rests()
    assert writer.count("/feed/snapshot") == 2


def test_r42_a_restored_journal_resets_the_stream(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock
) -> None:
    clock.advance(2)
    writer.restore("journal-2", head=3)
    writer.say(None)
    reader.wait_until(lambda: reader.status().journal_id == "journal-2")
    writer.withdraw("token", "t-1")
    reader.knows(4)
    assert verdict(reader, marks(writer)) == "token"


@pytest.mark.parametrize("key", ["token", "feed"])
def test_r42_what_must_not_be_believed_changes_nothing_and_the_stream_goes_on(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock, key: str
) -> None:
    writer.head = 1
    stranger = {"token": writer.token_key, "feed": writer.feed_key}[key]
    claims = writer.claims("batch", **{"from": 0, "to": 1, "head": 1, "entries": []})  # which leaves number 1 out
    writer.say(b"event: batch\ndata: %s\n\n" % writer.sign(claims, stranger))
    writer.say(b"event: batch\ndata: %s\n\n" % writer.sign(writer.snapshot()))  # only snapshot_uri has these
    writer.head = 0
    clock.advance(3)
    writer.withdraw("token", "t-9")
    reader.knows(1)
    assert verdict(reader, marks(writer, jti="t-9")) == "token"
    assert writer.count(EVENTS) == 1
    assert writer.count("/feed/snapshot") == 1


def test_what_is_unknown_in_the_stream_is_ignored(reader: WatchedReader, writer: FakeWriter) -> None:
    writer.say(b"event: weather\ndata: fine\n\n: hello\n\ndata: nothing of a type\n\n")
    writer.withdraw("token", "t-1")
    reader.knows(1)
    assert reader.status().last_error is None


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (401, {"www-authenticate": "Basic"}, "feed_request"),
        (429, {"retry-after": "9"}, "feed_overloaded"),
        (500, {}, "feed_unreachable"),
        (302, {"location": "/feed/poll"}, "feed_unreachable"),
        (200, {"content-type": "text/html"}, "feed_unreachable"),
    ],
)
def test_who_is_not_pushed_to_polls(
    writer: FakeWriter, clock: SettableClock, status: int, headers: dict[str, str], code: str
) -> None:
    writer.fails(EVENTS, status=status, headers=headers)
    with reading(writer, mode="push", credentials=CREDENTIALS) as reader:
        reader.look()
        writer.wait_until(lambda: writer.count(EVENTS) > 0)
        writer.withdraw("token", "t-1")
        clock.advance(5)
        reader.wake()
        reader.knows(1)
        assert reader.status().mode == "poll"
        if status != 429:  # which asks for patience, and gets it
            writer.wait_until(lambda: writer.count(EVENTS) > 1)
            assert reader.status().last_error == code


@pytest.mark.parametrize("mode", ["auto", "push"])
def test_without_credentials_it_polls(writer: FakeWriter, clock: SettableClock, mode: str) -> None:
    with reading(writer, mode=mode) as reader:
        reader.look()
        clock.advance(5)
        reader.wake()
        writer.wait_until(lambda: writer.count("/feed/poll") == 1)
        assert writer.count(EVENTS) == 0


def test_an_issuer_that_asks_for_none_gets_none(writer: FakeWriter, clock: SettableClock) -> None:
    writer.events_credentials = "none"
    with reading(writer, mode="auto", credentials=CREDENTIALS) as reader:
        reader.look()
        writer.wait_until(lambda: writer.count(EVENTS) == 1)
        assert not any("authorization" in headers for headers in writer.headers)


def test_what_goes_on_failing_is_logged_once(
    reader: WatchedReader, writer: FakeWriter, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Polling goes well meanwhile, which is not to be told again and again."""
    writer.fails(EVENTS, status=401)
    writer.say(None)
    for _ in range(3):
        clock.advance(15)
        reader.wake()
        writer.wait_until(lambda: writer.count("/feed/poll") > 0)
        reader.rests()
    writer.wait_until(lambda: writer.count(EVENTS) > 5)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "what is revoked is not pushed to here, but polled"
    ]
    assert reader.status().last_error == "feed_request"
    writer.recovers()
    writer.wait_until(lambda: writer.connected > 0)
    hear(reader, writer)
    until(lambda: reader.status().last_error is None)


def test_j42_a_secret_that_is_refused_is_not_told(
    writer: FakeWriter, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    secret = ResourceCredentials("https://api.example.com", "canary\u20ac")
    writer.answer = lambda path: (401, JSON, b"{}") if path == EVENTS else None
    with reading(writer, mode="push", credentials=secret) as reader:
        reader.look()
        writer.wait_until(lambda: writer.count(EVENTS) > 1)
        assert "canary" not in caplog.text + repr(reader.status())


def test_an_event_that_does_not_end_ends_the_stream(reader: WatchedReader, writer: FakeWriter) -> None:
    writer.say(b"event: batch\ndata: " + b"x" * (1024 * 1024))
    writer.wait_until(lambda: writer.count(EVENTS) == 2)
    assert reader.status().last_error == "message_refused"
