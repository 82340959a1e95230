"""A key of the feed that somebody else may have: docs/protocol/revocation.md, "Messages"."""

from collections.abc import Iterator

import pytest
from tests.verify.revocation.fake_writer import FakeWriter
from tests.verify.revocation.readers import WatchedReader, reading

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify.revocation.errors import MessageRefusedError

OTHER = Key.generate("ES256", kid="feed-2")


@pytest.fixture
def reader(writer: FakeWriter) -> Iterator[WatchedReader]:
    """It knows both keys, as a successor is published long before it signs."""
    both = KeySet([writer.feed_key.public(), OTHER.public()])
    first = writer.feed_key
    writer.feed_keys = both
    with reading(writer) as running:
        running.refresh()
        yield running
    writer.feed_key = first


def hear(reader: WatchedReader, writer: FakeWriter, key: Key) -> None:
    reader.run.mirroring.hear(writer.sign(writer.batch(writer.head), key))


def test_its_messages_are_refused_from_the_entry_on_and_for_good(
    writer: FakeWriter, reader: WatchedReader, clock: SettableClock
) -> None:
    stolen = writer.feed_key
    hear(reader, writer, stolen)
    writer.withdraw("key", stolen.kid)
    writer.feed_key = OTHER
    reader.refresh()
    assert reader.status().seq == writer.head
    with pytest.raises(MessageRefusedError) as raised:
        hear(reader, writer, stolen)
    assert raised.value.detail == "its key is withdrawn"
    hear(reader, writer, OTHER)
    clock.advance(86_400)  # the entry has expired, and is forgotten
    reader.refresh()
    with pytest.raises(MessageRefusedError):
        hear(reader, writer, stolen)


def test_an_entry_for_a_key_of_tokens_changes_nothing(writer: FakeWriter, reader: WatchedReader) -> None:
    writer.withdraw("key", "token-1")
    reader.refresh()
    hear(reader, writer, writer.feed_key)
    hear(reader, writer, OTHER)


def test_a_key_that_comes_later_than_its_entry_is_not_believed_either(
    writer: FakeWriter, reader: WatchedReader, clock: SettableClock
) -> None:
    """From a cache on the way that has kept the key set too long."""
    late = Key.generate("ES256", kid="feed-3")
    writer.withdraw("key", late.kid)
    reader.refresh()
    writer.feed_keys = KeySet([writer.feed_key.public(), late.public()])
    clock.advance(31)
    with pytest.raises(MessageRefusedError) as raised:
        hear(reader, writer, late)
    assert raised.value.detail == "its key is withdrawn"
