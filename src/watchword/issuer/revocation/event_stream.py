"""What one reader is pushed: docs/protocol/revocation.md, "Server-sent events".

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from watchword.issuer.revocation.feed import Batch, Feed, SnapshotRequiredError
from watchword.issuer.revocation.place import Place
from watchword.oauth.errors import TemporarilyUnavailableError
from watchword.store.errors import StoreUnavailableError
from watchword.store.repositories.journal import Head

RETRY = b"retry: 1000\n\n"
RESET = b"event: reset\ndata:\n\n"
_AWAY_SECONDS = 1.0  # between two attempts to read a journal that cannot be read


class EventStream:
    """One reader's connection. It goes by what it is told of the journal's head; only at first it looks itself.

    Args:
        feed: what is pushed.
        place: where the reader stands.
        heartbeat: seconds without entries after which it is told that there are none.
    """

    def __init__(self, feed: Feed, place: Place, *, heartbeat: float) -> None:
        self._feed = feed
        self._journal_id = place.journal_id
        self._after = place.after
        self._heartbeat = heartbeat
        self._head: Head | None = None
        self._awake = asyncio.Event()
        self._over = False
        self.ending = "reader"

    def tell(self, head: Head) -> None:
        """The journal ends elsewhere now."""
        self._head = head
        self._awake.set()

    def end(self, reason: str) -> None:
        """Push nothing more, and say in ``ending`` why: one of `telemetry.STREAM_ENDINGS`."""
        self._over = True
        self.ending = reason
        self._awake.set()

    async def texts(self) -> AsyncIterator[bytes]:
        """The pieces of the body, each as soon as there is something to tell, until `end` or a reset."""
        loop = asyncio.get_running_loop()
        yield RETRY
        beat_at = loop.time() + self._heartbeat
        while not self._over:
            self._awake.clear()  # before asking: what is told meanwhile is asked for next
            try:
                batch = await self._next()
            except SnapshotRequiredError:
                yield RESET
                return
            again_at = beat_at
            if batch is None:
                # Nothing is said meanwhile, not even that there is nothing: silence makes the reader look elsewhere.
                again_at = loop.time() + _AWAY_SECONDS
            elif batch.to > self._after or loop.time() >= beat_at:
                self._after = batch.to
                yield self._event(batch)
                again_at = beat_at = loop.time() + self._heartbeat
                if batch.to < batch.head:
                    continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(again_at):
                    await self._awake.wait()

    async def _next(self) -> Batch | None:
        """What came after what the reader has; None: that cannot be told at the moment."""
        try:
            if self._head is None:
                head = await self._feed.head()
                self._head = self._head or head
            return await self._feed.batch(self._head, self._journal_id, self._after)
        except (StoreUnavailableError, TemporarilyUnavailableError):
            return None

    def _event(self, batch: Batch) -> bytes:
        return b"event: batch\nid: %s:%d\ndata: %s\n\n" % (self._journal_id.encode("ascii"), batch.to, batch.text)
