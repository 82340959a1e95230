"""Where a verifier's keys come from: given, or fetched from the issuer."""

import contextlib
import logging
import math
import os
from asyncio import wrap_future
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLongError
from itertools import repeat
from threading import BoundedSemaphore, Lock, Thread
from typing import Protocol
from weakref import WeakSet

import anyio

from watchword.clock import Clock
from watchword.errors import WatchwordError
from watchword.fetch import TRUSTED, Policy, get_json, prepare
from watchword.jose.jwk_set import KeySet
from watchword.verify.discovery import read_jwks_address
from watchword.verify.errors import KeysUnavailableError
from watchword.verify.key_address import KeyAddress
from watchword.verify.key_cache import KeyCache, KeysStatus, Plan, Snapshot
from watchword.verify.published_keys import read_published_keys

BRIEF_WAIT = 0.2  # seconds for which tokens with an unknown key wait for a fetch that another began (THREATS R32)
BRIEF_WAITERS = 8  # threads at a time that may do so: a flood of names must not hold all of a service's threads (R33)
LONG_WAIT = 12.0  # seconds: discovery and key set, each with its own deadline, and a little
LOST_AFTER = LONG_WAIT  # seconds after which a fetch that never landed no longer keeps another from beginning
_log = logging.getLogger("watchword.verify")


class KeySource(Protocol):
    """Gives the keys among which the one named ``kid`` is looked for.

    Attributes:
        cache: its `KeyCache.snapshot` is what every request looks at, without a call.
    """

    cache: KeyCache

    def find(self, kid: str | None) -> KeySet:
        """The keys, fetched first where needed.

        Raises:
            KeysUnavailableError: there are none.
        """
        ...

    async def afind(self, kid: str | None) -> KeySet:
        """`find`, without blocking the event loop."""
        ...

    def at_hand(self, kid: str | None, monotonic: float) -> KeySet | None:
        """The keys, if nothing has to be fetched for that; None otherwise."""
        ...

    def hurry(self) -> None:
        """The issuer has withdrawn a key: do not wait before the one in its place is looked for."""
        ...

    def forget(self) -> None:
        """Begin anew."""
        ...

    def status(self, monotonic: float) -> KeysStatus:
        """How it is doing."""
        ...


class GivenKeys:
    """Keys that were given: no network at all."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys
        self.cache = KeyCache()
        self.cache.snapshot = Snapshot(keys, *repeat(math.inf, 4))

    def find(self, kid: str | None) -> KeySet:
        del kid
        return self._keys

    async def afind(self, kid: str | None) -> KeySet:
        return self.find(kid)

    def at_hand(self, kid: str | None, monotonic: float) -> KeySet | None:
        del kid, monotonic
        return self._keys

    def hurry(self) -> None:
        """There is nothing to wait for."""

    def forget(self) -> None:
        """Nothing was learnt that could be forgotten."""

    def status(self, monotonic: float) -> KeysStatus:
        del monotonic
        return KeysStatus(tuple(key.kid for key in self._keys), is_fresh=True, usable_seconds=math.inf)


class PublishedKeys:
    """The keys that an issuer publishes, fetched in a thread of its own, one fetch at a time.

    Safe to share between threads, event loops and forked processes.

    Args:
        address: where to fetch.
        algorithms: the allow-list.
        clock: measures the ages.
    """

    def __init__(self, address: KeyAddress, *, algorithms: Sequence[str], clock: Clock) -> None:
        self._address = address
        self._algorithms = tuple(algorithms)
        self._clock = clock
        self.cache = KeyCache()
        self._lock = Lock()
        self._seats = BoundedSemaphore(BRIEF_WAITERS)
        self._flight: Future[None] | None = None
        self._found: tuple[str, Policy] | None = None
        self._lost_at = 0.0
        _sources.add(self)
        prepare()

    def find(self, kid: str | None) -> KeySet:
        """See `KeySource`."""
        keys = self.at_hand(kid, self._clock.monotonic())
        if keys is not None:
            return keys
        flight, wait = self._depart(kid)
        if flight is not None:
            self._await(flight, wait)
        return self._arrived(kid, flight)

    def _await(self, flight: Future[None], wait: float) -> None:
        """Wait for ``flight``; not at all where only a brief wait is due and enough others have one."""
        seats = self._seats
        has_seat = wait == BRIEF_WAIT and seats.acquire(blocking=False)
        if wait == BRIEF_WAIT and not has_seat:
            return
        try:
            with contextlib.suppress(WaitedTooLongError):
                flight.result(timeout=wait)
        finally:
            if has_seat:
                seats.release()

    async def afind(self, kid: str | None) -> KeySet:
        """See `KeySource`."""
        keys = self.at_hand(kid, self._clock.monotonic())
        if keys is not None:
            return keys
        flight, wait = self._depart(kid)
        if flight is not None:
            with anyio.move_on_after(wait):
                await wrap_future(flight)
        return self._arrived(kid, flight)

    def at_hand(self, kid: str | None, monotonic: float) -> KeySet | None:
        """The hot path: nothing to decide, so nothing to lock."""
        snapshot = self.cache.snapshot
        if snapshot is None or monotonic >= snapshot.renew_at:
            return None
        keys = snapshot.keys
        return keys if kid is None or kid in keys else None

    def hurry(self) -> None:
        """See `KeySource`."""
        with self._lock:
            self.cache.hurry(self._clock.monotonic())

    def forget(self) -> None:
        """Begin anew; a fetch under way lands in what is left behind."""
        with self._lock:
            self.cache = KeyCache()
            self._flight = None
            self._found = None

    def status(self, monotonic: float) -> KeysStatus:
        """See `KeySource`."""
        snapshot = self.cache.snapshot
        if snapshot is None:
            return KeysStatus((), is_fresh=False, usable_seconds=0.0)
        kids = tuple(key.kid for key in snapshot.keys)
        return KeysStatus(kids, monotonic < snapshot.fresh_until, max(0.0, snapshot.usable_until - monotonic))

    def _depart(self, kid: str | None) -> tuple[Future[None] | None, float]:
        """The fetch to wait for, and for how many seconds; begun here when it is due and none is under way."""
        now = self._clock.monotonic()
        with self._lock:
            if self._flight is not None and now >= self._lost_at:
                self._flight = None
            plan = self.cache.plan(kid, now, fetching=self._flight is not None)
            if plan in {Plan.USE, Plan.REFUSE}:
                return None, 0.0
            flight, joined = self._flight, self._flight is not None
            if flight is None:
                flight = self._flight = _running_future()
                self._lost_at = now + LOST_AFTER
                cache = self.cache
                ticket = cache.begin(now)
        if not joined:
            self._take_off(cache, ticket, flight)
        if plan is Plan.RENEW_MEANWHILE:
            return None, 0.0
        return flight, BRIEF_WAIT if joined and plan is Plan.WAIT_BRIEFLY else LONG_WAIT

    def _take_off(self, cache: KeyCache, ticket: int, flight: Future[None]) -> None:
        try:
            Thread(target=self._fetch, args=(cache, ticket, flight), name="watchword-keys", daemon=True).start()
        except RuntimeError as error:  # this process may have no further thread at the moment
            self._land(cache, flight, error)

    def _fetch(self, cache: KeyCache, ticket: int, flight: Future[None]) -> None:
        failure: Exception | None = None
        try:
            keys, max_age = self._download()
            with self._lock:
                cache.succeed(ticket, keys, max_age, self._clock.monotonic())
        except Exception as error:  # noqa: BLE001  whatever it was, those who wait must go on with what there is
            failure = error
        self._land(cache, flight, failure)

    def _land(self, cache: KeyCache, flight: Future[None], failure: Exception | None) -> None:
        """``cache`` is the one that the fetch was begun for: what was forgotten meanwhile is not learnt again."""
        with self._lock:
            if failure is not None:
                cache.fail(self._clock.monotonic())
            if self._flight is flight:
                self._flight = None
        if failure is not None:
            self._report(failure)
        flight.set_result(None)

    def _download(self) -> tuple[KeySet, float | None]:
        url, policy = self._found or self._discover()
        self._found = None  # asked for again after a failure
        document = get_json(url, policy=policy, danger_allow_http=self._address.danger_allow_http)
        keys = read_published_keys(document.value, self._algorithms)
        self._found = url, policy
        return keys, document.max_age

    def _discover(self) -> tuple[str, Policy]:
        address = self._address
        if address.jwks_url is not None:
            return address.jwks_url, TRUSTED
        metadata = get_json(address.metadata_url, danger_allow_http=address.danger_allow_http)
        return read_jwks_address(metadata.value, address)

    def _arrived(self, kid: str | None, flight: Future[None] | None) -> KeySet:
        snapshot = self.cache.snapshot
        if snapshot is None or self._clock.monotonic() >= snapshot.usable_until:
            raise KeysUnavailableError
        if flight is not None and not flight.done() and kid is not None and kid not in snapshot.keys:
            # Whether there is such a key is not known yet: "try again", where "refused" would throw a good token away.
            raise KeysUnavailableError
        return snapshot.keys

    def _report(self, failure: Exception) -> None:
        detail = failure.detail if isinstance(failure, WatchwordError) else repr(failure)
        _log.warning("the keys of the issuer could not be fetched: %s (%s)", failure, detail)

    def _forget_the_parent(self) -> None:
        """After a fork the parent's fetch never lands here, and its lock may be held by a thread that is not here."""
        self._lock = Lock()
        self._seats = BoundedSemaphore(BRIEF_WAITERS)
        if self._flight is not None:
            self._flight = None
            self.cache.abandon()


def _running_future() -> Future[None]:
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()  # a waiter that gives up must not cancel it for the others
    return future


_sources: "WeakSet[PublishedKeys]" = WeakSet()


def _forget_the_parents() -> None:
    for source in _sources:
        source._forget_the_parent()  # noqa: SLF001  of one file


# Once, not for each source: what is registered here is never let go.
os.register_at_fork(after_in_child=_forget_the_parents)
