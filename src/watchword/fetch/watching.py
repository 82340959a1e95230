"""Whoever traces is told of each exchange; nobody is, unless the one who fetches runs inside of `watched`."""

from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol

Notes = MutableMapping[str, str | int]


class Watcher(Protocol):
    """Who is told."""

    def fetching(self, method: str, host: str | None) -> AbstractContextManager[Notes]:
        """Around one exchange.

        Args:
            method: its method.
            host: who is asked; None when a stranger chose the address.

        Returns:
            Notes: ``traceparent``, when it is to be sent along; ``status`` is added when there is an answer.
        """
        ...


_WATCHER: ContextVar[Watcher | None] = ContextVar("watchword_fetch_watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """What is fetched inside is told to ``watcher``."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def watching(method: str, host: str | None) -> AbstractContextManager[Notes]:
    """See `Watcher.fetching`."""
    watcher = _WATCHER.get()
    notes: Notes = {}
    return nullcontext(notes) if watcher is None else watcher.fetching(method, host)
