"""The factor password: hashed off the event loop, in few places, with a short queue.

argon2 releases the GIL, so a thread is enough; the number of threads and of waiting requests bounds what a flood of
sign-ins can take from the machine (O52): token verification and refresh go on.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from watchword.authn.errors import OverloadedError
from watchword.authn.factors import password_hash
from watchword.authn.factors.password_hash import DEFAULT_COST, Cost

MAX_BYTES = 1024
RETRY_AFTER = 2  # seconds: a full queue of twenty is worked off in less than one

T = TypeVar("T")


class PasswordHasher:
    """A bounded pool that computes password hashes.

    Args:
        workers: threads.
        queue: requests that may wait; one more is refused.
        cost: of new hashes, and of the dummy that stands for users who do not exist.
    """

    def __init__(self, *, workers: int = 1, queue: int = 20, cost: Cost = DEFAULT_COST) -> None:
        self._cost = cost
        self._places = workers + queue
        self._taken = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="watchword-password")
        # Made now: the first unknown user must not wait longer than the second (O50).
        self._dummy = password_hash.compute(b"nobody has this password", cost)

    @property
    def pending(self) -> int:
        """Hashes under way and waiting."""
        return self._taken

    async def hash(self, password: str) -> str:
        """The hash of a new password.

        Raises:
            ValueError: it is longer than 1024 bytes; `password_rules` says so to people.
            OverloadedError: the queue is full.
        """
        secret = password.encode()
        if len(secret) > MAX_BYTES:
            raise ValueError("password longer than 1024 bytes")
        return await self._run(lambda: password_hash.compute(secret, self._cost))

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether ``password`` is the one that ``encoded`` was computed from.

        Raises:
            UnusableHashError: ``encoded`` must not be computed.
            OverloadedError: the queue is full.
        """
        password_hash.cost_of(encoded)
        secret = password.encode()
        # Before hashing: the length is the guesser's choice, and tells nothing about the user (O52).
        if len(secret) > MAX_BYTES:
            return False
        return await self._run(lambda: password_hash.matches(encoded, secret))

    async def verify_dummy(self, password: str) -> None:
        """Take as long as `verify` does, for a user who is not there (O50).

        Raises:
            OverloadedError: the queue is full.
        """
        await self.verify(self._dummy, password)

    def needs_rehash(self, encoded: str) -> bool:
        """Whether a new hash of the same password would have other parameters."""
        return password_hash.cost_of(encoded) != self._cost

    def close(self) -> None:
        """Wait for the hashes under way and stop the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _run(self, job: Callable[[], T]) -> T:
        with self._lock:
            if self._taken >= self._places:
                raise OverloadedError("too many people are signing in at once", retry_after=RETRY_AFTER)
            self._taken += 1
        future = self._threads.submit(job)
        # The place is free when the work is done, not when the request that wanted it has gone away.
        future.add_done_callback(self._free)
        return await asyncio.wrap_future(future)

    def _free(self, future: "Future[T]") -> None:
        del future
        with self._lock:
            self._taken -= 1
