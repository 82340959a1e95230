"""The text of server-sent events, in whatever pieces it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.verify.revocation.errors import MessageRefusedError
from watchword.verify.revocation.event_stream import Event, EventStream


def events(*chunks: bytes, max_bytes: int = 1000) -> list[Event]:
    stream = EventStream(max_bytes)
    return [event for chunk in chunks for event in stream.feed(chunk)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_in_any_way(end: bytes) -> None:
    text = end.join([b"retry: 1000", b"", b"event: batch", b"id: j:1", b"data: a.b.c", b"", b"event: reset", b"data:"])
    assert events(text + end + end) == [("batch", b"a.b.c"), ("reset", b"")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"data: x\n\n", [("message", b"x")]),
        (b"data:x\ndata: y\n\n", [("message", b"x\ny")]),
        (b"data:  x\n\n", [("message", b" x")]),
        (b"event: batch\n\n", []),  # without data there is no event
        (b"event: batch\n\ndata: x\n\n", [("message", b"x")]),  # and its type is forgotten
        (b": a comment\n\ndata: x\n\n", [("message", b"x")]),
        (b"data\n\n", [("message", b"")]),
        (b"DATA: x\n\n", []),
        (b"weather: fine\ndata: x\n\n", [("message", b"x")]),
        (b"\xef\xbb\xbfdata: x\n\n", [("message", b"x")]),
        (b"event: \xff\ndata: x\n\n", [("\ufffd", b"x")]),
        (b"data: x\n", []),  # not ended
    ],
)
def test_it_reads_as_the_standard_says(text: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert events(text) == expected


@given(
    st.lists(st.sampled_from([b"data: x", b"event: batch", b"\n", b"\r", b"\r\n", b": c", b"data"]), max_size=30),
    st.data(),
)
def test_pieces_make_no_difference(parts: list[bytes], data: st.DataObject) -> None:
    text = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert events(*pieces) == events(text)
    assert events(*[bytes([byte]) for byte in text]) == events(text)


def test_an_event_that_does_not_end_is_refused() -> None:
    assert events(b"data: " + b"x" * 900 + b"\n\n", b"data: " + b"x" * 900 + b"\n\n")
    with pytest.raises(MessageRefusedError):
        events(b"data: " + b"x" * 900, b"x" * 100)
    with pytest.raises(MessageRefusedError):
        events(*[b"data: x\n"] * 200)
    with pytest.raises(MessageRefusedError):
        events(*[b": c\n"] * 300)


@given(st.lists(st.binary(max_size=100)))
def test_whatever_arrives_is_events_or_is_too_long(chunks: list[bytes]) -> None:
    try:
        found = events(*chunks)
    except MessageRefusedError:
        return
    assert sum(len(event.data) for event in found) <= sum(map(len, chunks))
