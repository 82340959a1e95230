"""The lists of one issuer, fetched when they are needed and kept for as long as they may be gone by."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

from anyio import to_thread

from watchword.clock import Clock
from watchword.fetch import FetchError, Policy, get_bytes
from watchword.oauth.status_list import MEDIA_TYPE, VALID
from watchword.verify.errors import (
    ClaimInvalidError,
    KeysUnavailableError,
    StatusUnavailableError,
    TokenRevokedError,
)
from watchword.verify.key_address import origin
from watchword.verify.key_source import KeySource
from watchword.verify.status_list.list_token import StatusList, StatusListError, read, split
from watchword.verify.status_list.reference import StatusReference
from watchword.verify.status_list.settings import StatusListSettings

LIMITS = Policy(max_bytes=1024 * 1024, deadline=5.0)
COOL_DOWN = 5.0  # seconds for which nobody asks again for a list that could not be had
MOST_LISTS = 16
_PATIENCE = 12.0  # seconds for which a token waits for its list while others are fetched
_log = logging.getLogger("watchword.verify")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A list, or that there was none to be had; until when on the monotonic scale that is gone by."""

    found: StatusList | None
    until: float


class StatusListReader:
    """Reads one issuer's lists. Shared between threads and event loops; one fetch at a time.

    Args:
        settings: whose, and from where.
        keys: the issuer's own, as for its tokens.
        clock: judges what has expired, and measures ages.
    """

    def __init__(self, settings: StatusListSettings, keys: KeySource, *, clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._last: dict[str, StatusList] = {}
        self._lock = Lock()
        _readers.add(self)

    def check(self, claims: Mapping[str, Any]) -> None:
        """Refuse a token whose status is anything but valid. Blocks while a list is fetched.

        Args:
            claims: the token's, whose signature held.

        Raises:
            TokenRevokedError: it is not valid any more.
            ClaimInvalidError: it names no place that there is.
            StatusUnavailableError: its status cannot be known, and that is to be refused.
        """
        reference = StatusReference.of(claims)
        if reference is None:
            return
        found = self._at_hand(reference.uri) or self._find(reference.uri)
        if found is None and self._settings.on_unavailable == "reject":
            raise StatusUnavailableError
        # Where nothing new is to be had, an old list still says what was withdrawn: that is never taken back.
        known = found or self._last.get(reference.uri)
        status = VALID if known is None else known.status(reference.idx)
        if status is None and found is not None:
            raise ClaimInvalidError("the token's status list has no such place", claim="status")
        if status:
            raise TokenRevokedError("status")

    async def acheck(self, claims: Mapping[str, Any]) -> None:
        """`check`, without blocking the event loop."""
        reference = StatusReference.of(claims)
        if reference is not None and self._at_hand(reference.uri) is None:
            await to_thread.run_sync(self.check, claims)
        else:
            self.check(claims)

    def forget(self) -> None:
        """Begin anew."""
        self._kept, self._last = {}, {}

    def _at_hand(self, uri: str) -> StatusList | None:
        kept = self._kept.get(uri)
        now, monotonic = self._clock.moment()
        if kept is None or kept.found is None or monotonic >= kept.until:
            return None
        return None if kept.found.ends_at is not None and now >= kept.found.ends_at else kept.found

    def _find(self, uri: str) -> StatusList | None:
        """The list, fetched by one for all who need it; None where it is not to be had."""
        if not self._lock.acquire(timeout=_PATIENCE):
            return None
        try:
            found, kept = self._at_hand(uri), self._kept.get(uri)
            if found is not None:
                return found
            asked_at = self._clock.monotonic()
            if kept is not None and kept.found is None and asked_at < kept.until:
                return None
            try:
                found = self._fetch(uri)
            except (StatusListError, FetchError, KeysUnavailableError) as error:
                _log.warning("a status list cannot be read: %s (%s)", error.sentence, error.detail)
                self._keep(uri, _Kept(None, asked_at + COOL_DOWN))
                return None
            self._keep(uri, _Kept(found, asked_at + found.ttl))
            return found
        finally:
            self._lock.release()

    def _fetch(self, uri: str) -> StatusList:
        settings = self._settings
        reply = get_bytes(
            self._address(uri),
            headers={"accept": MEDIA_TYPE},
            policy=LIMITS,
            danger_allow_http=settings.danger_allow_http,
        )
        if reply.status != 200 or reply.media_type != MEDIA_TYPE:
            raise StatusListError("a status list is not to be had", detail=f"the status is {reply.status}")
        message = split(reply.body)
        return read(
            message,
            self._keys.find(message.header.kid),
            uri=uri,
            issuer=settings.issuer,
            algorithms=settings.algorithms,
            now=self._clock.now(),
            leeway=settings.leeway,
        )

    def _address(self, uri: str) -> str:
        """Where a list is fetched: at the issuer, under the name by which it is reached from here; nowhere else."""
        own, reached = self._settings.origins
        try:
            is_own = origin(uri) == own
        except ValueError:
            is_own = False
        if not is_own:
            raise StatusListError("a status list is not at its issuer", detail="it was not asked for")
        return uri if own == reached else urlsplit(uri)._replace(scheme=reached[0], netloc=reached[1]).geturl()

    def _keep(self, uri: str, kept: _Kept) -> None:
        """Newer dictionaries, so that whoever looks meanwhile needs no lock."""
        others = [one for one in self._kept.items() if one[0] != uri][1 - MOST_LISTS :]
        self._kept = dict([*others, (uri, kept)])
        last = {name: found for name, found in self._last.items() if name in self._kept}
        self._last = last if kept.found is None else {**last, uri: kept.found}


_readers: "WeakSet[StatusListReader]" = WeakSet()


def _forget_the_parents() -> None:
    for reader in _readers:
        reader._lock = Lock()  # noqa: SLF001  a thread that is not here may hold it


os.register_at_fork(after_in_child=_forget_the_parents)
