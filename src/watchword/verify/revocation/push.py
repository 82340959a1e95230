"""What is pushed: docs/protocol/revocation.md, "Server-sent events". Runs in an event loop of its own thread."""

from collections.abc import Callable

import anyio

from watchword.fetch import FetchError, Stream
from watchword.verify.revocation.errors import FeedError, MessageRefusedError
from watchword.verify.revocation.event_stream import EventStream
from watchword.verify.revocation.feed import EVENT_STREAM, require_ok
from watchword.verify.revocation.mirroring import Mirroring
from watchword.verify.revocation.pace import Intervals


async def listen(mirroring: Mirroring, *, intervals: Intervals, heard: Callable[[], None]) -> None:
    """Take what is pushed until it ends, or nothing that counts comes for too long.

    Args:
        mirroring: where it goes.
        intervals: see `Intervals`.
        heard: called after each message that holds, and when a snapshot is needed.

    Raises:
        FeedError: why it ended. An end without one is an end that the issuer chose.
    """
    mirror = mirroring.mirror
    if mirror.journal_id is None:
        raise FeedError("there is no mirror yet that could be pushed to")
    try:
        async with mirroring.feed.events(mirror.journal_id, mirror.seq) as stream:
            require_ok(stream.status, stream.headers)
            if stream.media_type != EVENT_STREAM:
                raise FeedError("the revocation feed does not answer with events")
            events = EventStream()
            while True:
                with anyio.fail_after(intervals.silence):
                    if not await _hear(stream, events, mirroring, heard):
                        return
    except FetchError as error:
        raise FeedError(error.sentence, detail=error.detail) from error
    except TimeoutError as error:
        raise FeedError("the revocation feed has fallen silent") from error


async def _hear(stream: Stream, events: EventStream, mirroring: Mirroring, heard: Callable[[], None]) -> bool:
    """Read until a message holds; False: there is no more."""
    held = False
    while not held:
        chunk = await stream.read(float("inf"))
        if not chunk:
            return False
        for event in events.feed(chunk):
            if event.kind == "reset":
                mirroring.must_replace()
                heard()
            elif event.kind == "batch":
                held = _take(event.data, mirroring, heard) or held
    return True


def _take(data: bytes, mirroring: Mirroring, heard: Callable[[], None]) -> bool:
    try:
        mirroring.hear(data)
    except MessageRefusedError as error:
        mirroring.push_failed(error)  # and goes on: what must not be believed changes nothing
        return False
    heard()
    return True
