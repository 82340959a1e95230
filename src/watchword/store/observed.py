"""A store that tells how long its transactions took; what is in them it does not look at."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from watchword import telemetry
from watchword.clock import Clock
from watchword.events import EventSink, TransactionEnded
from watchword.store.engine import Store
from watchword.store.errors import NotFoundError, StoreError, StoreUnavailableError
from watchword.telemetry import Spans

T = TypeVar("T")


class ObservedStore(Store):
    """``store``, with an event and a span for each transaction.

    Args:
        store: does the work.
        clock: measures it.
        events: is told.
        spans: notes what it lies inside of.
    """

    def __init__(self, store: Store, *, clock: Clock, events: EventSink, spans: Spans) -> None:
        self.dialect = store.dialect
        self._store = store
        self._clock = clock
        self._events = events
        self._spans = spans

    async def write(self, job: Callable[[Connection], T]) -> T:
        return await self._observed("write", self._store.write, job)

    async def read(self, job: Callable[[Connection], T]) -> T:
        return await self._observed("read", self._store.read, job)

    async def read_one(self, job: Callable[[Connection], T]) -> T:
        return await self._observed("read", self._store.read_one, job)

    async def now(self) -> float:
        return await self._store.now()

    async def close(self) -> None:
        await self._store.close()

    async def _observed(self, kind: str, run: Callable[..., object], job: Callable[[Connection], T]) -> T:
        began = self._clock.monotonic()
        first: list[float] = []

        def told(connection: Connection) -> T:
            if not first:  # a job may be run again: the first time ended the waiting
                first.append(self._clock.monotonic())
            return job(connection)

        failure = None
        with self._spans.span(f"database {kind}", "client") as said:
            said[telemetry.SPAN_DATABASE] = self.dialect
            said[telemetry.SPAN_TRANSACTION] = kind
            try:
                return await run(told)  # type: ignore[misc,no-any-return]  # any of the three methods above
            except (StoreError, SQLAlchemyError) as error:
                failure = _reason(error)
                if failure is not None:
                    said[telemetry.SPAN_ERROR] = failure
                raise
            finally:
                now, ended = self._clock.moment()
                waited = first[0] - began if first else None
                self._events.emit(TransactionEnded(now, kind, ended - began, waited, failure))


def _reason(error: Exception) -> str | None:
    if isinstance(error, NotFoundError):  # an answer, not a failure
        return None
    if isinstance(error, StoreUnavailableError):
        return "busy" if "busy" in error.sentence else "unavailable"
    return "error"
