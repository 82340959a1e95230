"""Every event stream of this process: how many there may be, who tells them of news, and when they end."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Connection

from watchword.clock import Clock, SystemClock
from watchword.events import EventSink, NoSink, StreamEnded
from watchword.issuer.revocation.event_stream import EventStream
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.place import Place
from watchword.issuer.settings import IssuerSettings
from watchword.oauth.errors import OAuthError, TemporarilyUnavailableError
from watchword.oauth.revocation import HEARTBEAT
from watchword.store.engine import Store
from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api
from watchword.store.repositories.journal import Head
from watchword.store.wake import NoWake, Wake

_log = logging.getLogger("watchword.revocation")


class TooManyStreamsError(OAuthError):
    """This credential, or this address, has as many streams as it may."""

    code: ClassVar[str] = "too_many_streams"
    status: ClassVar[int] = 429
    default_sentence: ClassVar[str] = "there are too many event streams from here; poll, and try again later"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds.

    Args:
        look: between two looks at the journal's head, for all streams together, when nothing wakes them.
        heartbeat: see `EventStream`; also between two looks at whether credentials still hold.
        longest: after which a stream ends, so that readers spread over replicas and credentials are asked for again.
        retry_after: for which one should wait who may have no more streams.
    """

    look: float = 0.25
    heartbeat: float = HEARTBEAT
    longest: float = 3600.0
    retry_after: int = 30


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whose a stream is."""

    api: Api | None
    address: str
    timer: asyncio.TimerHandle


class Streams:
    """The open streams. One task looks at the head for all of them, and only while there are any.

    Args:
        feed: what is pushed.
        store: where credentials are.
        settings: how many streams there may be.
        wake: tells that another process may have committed; nothing depends on it but how soon.
        clock: says when a stream ended.
        events: is told that it did.
        intervals: other than those of the protocol, for tests.
    """

    def __init__(
        self,
        *,
        feed: Feed,
        store: Store,
        settings: IssuerSettings,
        wake: Wake | None = None,
        clock: Clock | None = None,
        events: EventSink | None = None,
        intervals: Intervals | None = None,
    ) -> None:
        self._feed = feed
        self._store = store
        self._settings = settings
        self._wake = wake or NoWake()
        self._woken = asyncio.Event()
        self._clock = clock or SystemClock()
        self._events = events or NoSink()
        self._intervals = intervals or Intervals()
        self._open: dict[EventStream, _Holder] = {}
        self._watching: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, place: Place, *, api: Api | None, address: str) -> EventStream:
        """A new stream; whoever opens one closes it.

        Args:
            place: where the reader stands.
            api: whose credentials it showed; None where none are asked for.
            address: where it connects from, see `client_address`.

        Raises:
            TooManyStreamsError: there are as many as there may be.
            TemporarilyUnavailableError: the issuer is stopping.
        """
        if self._stopping.is_set():
            raise TemporarilyUnavailableError(retry_after=1)
        self._require_room(api, address)
        stream = EventStream(self._feed, place, heartbeat=self._intervals.heartbeat)
        timer = asyncio.get_running_loop().call_later(self._intervals.longest, stream.end, "age")
        self._open[stream] = _Holder(api, address, timer)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        return stream

    def close(self, stream: EventStream) -> None:
        """Whoever was pushed to has gone, or the stream has come to its end."""
        holder = self._open.pop(stream, None)
        if holder is not None:
            holder.timer.cancel()
            self._tell(stream.ending)

    def stop(self) -> None:
        """End every stream, and open none any more: a server that stops would wait for them."""
        self._stopping.set()
        self._woken.set()
        self.interrupt()

    def interrupt(self) -> None:
        """End every stream there is; who reads comes back and asks anew."""
        for stream in self._open:
            stream.end("stopping")

    async def aclose(self) -> None:
        """`stop`, and let go of the store."""
        self.stop()
        if self._watching is not None:
            await asyncio.gather(self._watching, return_exceptions=True)

    def _require_room(self, api: Api | None, address: str) -> None:
        most = self._settings
        addresses = [holder.address for holder in self._open.values()]
        credentials = [holder.api.id for holder in self._open.values() if holder.api is not None]
        is_full = addresses.count(address) >= most.streams_per_address
        if is_full or (api is not None and credentials.count(api.id) >= most.streams_per_credential):
            self._tell("refused")
            raise TooManyStreamsError(retry_after=self._intervals.retry_after)

    async def _watch(self) -> None:
        """Look until there is nobody to tell."""
        while self._open and not self._stopping.is_set():  # again, if one was opened while the wake came to its end
            async with self._wake.telling(self._woken.set):
                await self._keep_looking()

    async def _keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        seen: Head | None = None
        is_blind = False
        examine_at = loop.time() + self._intervals.heartbeat
        while self._open and not self._stopping.is_set():
            self._woken.clear()  # before looking: what is told meanwhile is looked at next
            try:
                seen = await self._look(seen)
                if loop.time() >= examine_at:
                    examine_at = loop.time() + self._intervals.heartbeat
                    await self._end_withdrawn()
                is_blind = False
            except Exception as error:  # noqa: BLE001  whatever it was, streams that nobody tells of news are worse
                if not is_blind:
                    _log.warning("the journal cannot be watched", extra={"exception": type(error).__qualname__})
                is_blind = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._intervals.look):
                    await self._woken.wait()

    async def _look(self, seen: Head | None) -> Head:
        head = await self._feed.head()
        if head != seen:
            for stream in self._open:
                stream.tell(head)
        return head

    async def _end_withdrawn(self) -> None:
        """End the streams whose credentials do not hold any more."""
        # Those that are opened while this reads have just shown theirs.
        shown = [(stream, holder.api) for stream, holder in self._open.items() if holder.api is not None]
        if not shown:
            return
        identifiers = {api.id for _, api in shown}
        present = await self._store.read(lambda connection: _present(connection, identifiers))
        for stream, api in shown:
            if not _holds(api, present[api.id]):
                stream.end("credentials")

    def _tell(self, reason: str) -> None:
        self._events.emit(StreamEnded(self._clock.now(), reason))


def _present(connection: Connection, identifiers: Iterable[str]) -> dict[str, Api | None]:
    return {api_id: apis.find_by_id(connection, api_id) for api_id in identifiers}


def _holds(shown: Api, present: Api | None) -> bool:
    return present is not None and present.status == "active" and present.secret_hash == shown.secret_hash
