"""Work that is done once for everybody who asks for it at about the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from watchword.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Work(Generic[T]):
    begun_at: float
    task: "asyncio.Task[T]"


class BrieflyKept(Generic[T]):
    """Results by key, each for a short time; who asks while one is being made waits for that one.

    Args:
        seconds: how long after it was begun a result is given out.
        most: how many are kept; the oldest goes.
        clock: its monotonic scale.
    """

    def __init__(self, *, seconds: float, most: int, clock: Clock) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._works: dict[Hashable, _Work[T]] = {}

    async def get(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result for ``key``; ``make`` makes it when there is none. What ``make`` raises is not kept."""
        now = self._clock.monotonic()
        work = self._works.get(key)
        if work is None or not self._is_good(work, now):
            self._make_room(now)
            work = _Work(now, asyncio.create_task(make()))
            work.task.add_done_callback(partial(self._drop_failed, key))
            self._works[key] = work
        # One who goes away must not end it for the others.
        return await asyncio.shield(work.task)

    def _is_good(self, work: _Work[T], now: float) -> bool:
        return not work.task.done() or now - work.begun_at < self._seconds

    def _make_room(self, now: float) -> None:
        self._works = {key: work for key, work in self._works.items() if self._is_good(work, now)}
        while len(self._works) >= self._most:
            del self._works[next(iter(self._works))]

    def _drop_failed(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        # Asking for the exception also keeps asyncio from logging it where everybody who waited has gone away.
        if task.cancelled() or task.exception() is not None:
            work = self._works.get(key)
            if work is not None and work.task is task:
                del self._works[key]
