"""Of all processes one leads: it rotates keys and tidies up; the others are ready to follow it.

Who leads has a lease in the database, and a lock that ends with the process. When a leader dies its lock is free, and
another follows at once; when it is paused or cut off, another follows once the lease has expired. Either way the
follower's fence is higher, and what the one before still means to write is refused: see `watchword.store.fencing`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.events import EventSink, Measured, NoSink
from watchword.store.engine import Store
from watchword.store.errors import StoreUnavailableError
from watchword.store.fencing import Fence, fenced_by
from watchword.store.identifiers import new_id
from watchword.store.leader_lock import LeaderLock
from watchword.store.repositories import leases
from watchword.telemetry import LEADER

NAME = "leader"
LEASE_SECONDS = 15.0
LOOK_SECONDS = 2.0  # between two renewals, and between two attempts

_log = logging.getLogger("watchword.leadership")

Duty = Callable[[], Coroutine[Any, Any, None]]


class Leadership:
    """This process's part in it.

    Args:
        store: where the lease is.
        lock: the lock that goes with it.
        clock: says when.
        events: is told whether this process leads.
        name: of what is led.
        lease: seconds for which a lease is good unless it is renewed.
        look: seconds between two renewals or attempts.
    """

    def __init__(
        self,
        *,
        store: Store,
        lock: LeaderLock,
        clock: Clock,
        events: EventSink | None = None,
        name: str = NAME,
        lease: float = LEASE_SECONDS,
        look: float = LOOK_SECONDS,
    ) -> None:
        self._store = store
        self._lock = lock
        self._clock = clock
        self._events = events or NoSink()
        self._name = name
        self._lease = lease
        self._look = look
        self._holder = new_id()
        self.fence: Fence | None = None

    async def keep(self, duties: Sequence[Duty]) -> None:
        """Take the lead whenever nobody has it, and do ``duties`` while it lasts; until cancelled.

        Args:
            duties: each runs until it is cancelled, and is begun anew with every new leadership.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            while True:
                before = self.fence
                try:
                    await self._take_or_renew()
                except (WatchwordError, OSError) as error:
                    # Nothing is known of the lease: duties go on, and their writes find out.
                    _log.warning("the lead cannot be seen to", extra={"exception": type(error).__qualname__})
                leads = 0.0 if self.fence is None else 1.0
                self._events.emit(Measured(self._clock.now(), LEADER.name, leads))
                if self.fence != before:
                    await _end(tasks)
                    tasks = [] if self.fence is None else self._begin(self.fence, duties)
                await asyncio.sleep(self._look)
        finally:
            await _end(tasks)
            await self._resign()

    async def _take_or_renew(self) -> None:
        has_lock = await self._lock.attempt()
        if self.fence is not None:
            if await self._store.write(partial(leases.renew, fence=self.fence, seconds=self._lease)):
                return
            _log.warning("another process leads now", extra={"event": "leader_fenced"})
            self.fence = None
            await self._lock.release()
            return
        take = partial(leases.take, name=self._name, holder=self._holder, seconds=self._lease, by_lock=has_lock)
        self.fence = await self._store.write(take)
        if self.fence is not None:
            _log.info("this process leads", extra={"event": "leader"})

    def _begin(self, fence: Fence, duties: Sequence[Duty]) -> list["asyncio.Task[None]"]:
        with fenced_by(fence):  # a task begins in the context in which it was made
            return [asyncio.create_task(duty()) for duty in duties]

    async def _resign(self) -> None:
        fence, self.fence = self.fence, None
        if fence is not None:
            try:
                await self._store.write(partial(leases.give_up, fence=fence))
            except StoreUnavailableError:
                _log.warning("the lead could not be given up")
        await self._lock.release()


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
