"""Writes of a leader name the number under which it leads; once another leads, they touch nothing (R59).

A process may be paused for longer than its lease and go on in the middle of what it was doing. It cannot know; the
database does. Whatever runs inside `fenced_by`, tasks it starts included, begins each write transaction by naming its
fence in the WHERE of a statement, which also keeps others from taking over before the commit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from sqlalchemy import Connection, update

from watchword.store.errors import StoreError
from watchword.store.tables import leases

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fence:
    """Leadership of ``name`` under ``number``, which is higher for each leader."""

    name: str
    number: int


class FencedError(StoreError):
    """Another process leads now: nothing was written."""

    code: ClassVar[str] = "fenced"


_current: ContextVar[Fence | None] = ContextVar("watchword_fence", default=None)


@contextmanager
def fenced_by(fence: Fence) -> Iterator[None]:
    """Within, every write is refused as soon as another leads."""
    token = _current.set(fence)
    try:
        yield
    finally:
        _current.reset(token)


def fenced(job: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """``job`` as it may be run here: behind the fence, if there is one."""
    fence = _current.get()
    if fence is None:
        return job

    def behind(connection: Connection) -> T:
        require(connection, fence)
        return job(connection)

    return behind


def require(connection: Connection, fence: Fence) -> None:
    """Make sure, until the commit, that ``fence`` is the one in force.

    Raises:
        FencedError: it is not.
    """
    held = update(leases).where(leases.c.name == fence.name, leases.c.fence == fence.number)
    # It writes what is there: in PostgreSQL whoever takes over waits for this transaction, or collides with it.
    if connection.execute(held.values(fence=fence.number)).rowcount != 1:
        raise FencedError("another process leads now", detail=f"{fence.name} {fence.number}")
