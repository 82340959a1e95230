"""What may be used once only, and has been (RFC 9449 section 11.1).

Without a store of its own a process remembers for itself: a proof that was used in one worker would then still pass
once in each other worker. `ReplayStore` is how several processes remember together; with Redis, for example:

    class SharedReplays:
        def claim(self, key: str, expires_at: float) -> bool:
            return bool(redis.set(f"replay:{key}", 1, nx=True, exat=math.ceil(expires_at)))
"""

import hashlib
import os
from heapq import heappop, heappush
from threading import Lock
from typing import Protocol
from weakref import WeakSet

from watchword.clock import Clock, SystemClock
from watchword.jose import base64url
from watchword.verify.errors import UnavailableError

DEFAULT_CAPACITY = 250_000
FORGOTTEN_AT_ONCE = 64  # more than one, so that what is forgotten keeps up with what comes


class ReplayStore(Protocol):
    """Remembers what was used. Called from many threads, and on event loops: it must be quick."""

    def claim(self, key: str, expires_at: float) -> bool:
        """Whether the caller is the first to use ``key``; of several at once exactly one is.

        Args:
            key: 43 characters of base64url; it tells nothing of what was used.
            expires_at: UTC epoch seconds from which on it may be forgotten.

        Any exception means that the store cannot say: the request is then refused with 503.
        """
        ...


class ReplayStoreFullError(Exception):
    """More is in use at once than may be remembered. Nothing is forgotten early: that would be a way in."""


class ProcessReplays:
    """The `ReplayStore` of one process, safe to share between threads and forked processes.

    Args:
        capacity: how many keys are remembered at once, about 250 bytes each. The default suffices for 3,500 proofs a
            second.
        clock: tells when they may be forgotten.
    """

    def __init__(self, *, capacity: int = DEFAULT_CAPACITY, clock: Clock | None = None) -> None:
        self._capacity = capacity
        self._clock = clock or SystemClock()
        self._used: set[str] = set()
        self._by_age: list[tuple[float, float, str]] = []  # monotonic seconds, UTC epoch seconds, key
        self._lock = Lock()
        _stores.add(self)

    def claim(self, key: str, expires_at: float) -> bool:
        """See `ReplayStore.claim`.

        Raises:
            ReplayStoreFullError: there is no room for another.
        """
        with self._lock:
            now, monotonic = self._clock.now(), self._clock.monotonic()
            self._forget(now, monotonic)
            if key in self._used:
                return False
            if len(self._used) >= self._capacity:
                raise ReplayStoreFullError
            self._used.add(key)
            heappush(self._by_age, (monotonic + expires_at - now, expires_at, key))
            return True

    def __len__(self) -> int:
        return len(self._used)

    def _forget(self, now: float, monotonic: float) -> None:
        """A few of those whose time has passed on both scales: a clock that is set forward and back revives nothing
        (THREATS R47), and nobody waits while all of a flood is forgotten.
        """
        for _ in range(FORGOTTEN_AT_ONCE):
            if not self._by_age or self._by_age[0][0] > monotonic:
                return
            _, expires_at, key = heappop(self._by_age)
            if expires_at <= now:
                self._used.discard(key)
            else:
                heappush(self._by_age, (monotonic + expires_at - now, expires_at, key))

    def _forget_the_parent(self) -> None:
        """After a fork the parent's lock may be held by a thread that is not here."""
        self._lock = Lock()


def replay_key(*parts: str) -> str:
    """The key of what ``parts`` name together; the same parts otherwise divided have another."""
    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        digest.update(len(octets).to_bytes(4, "big") + octets)
    return base64url.encode_text(digest.digest())


def is_first_use(store: ReplayStore, key: str, expires_at: float) -> bool:
    """What ``store`` says; anything but a plain yes is a no.

    Raises:
        UnavailableError: it cannot say.
    """
    try:
        return store.claim(key, expires_at) is True
    except Exception as error:
        # Only the kind: a driver's message may hold the address of the store, with a password in it.
        detail = f"the replay store failed with {type(error).__name__}"
        raise UnavailableError("what was used before cannot be said at the moment", detail=detail) from error


_stores: "WeakSet[ProcessReplays]" = WeakSet()


def _forget_the_parents() -> None:
    for store in _stores:
        store._forget_the_parent()  # noqa: SLF001  of one file


# Once, not for each store: what is registered here is never let go.
os.register_at_fork(after_in_child=_forget_the_parents)
