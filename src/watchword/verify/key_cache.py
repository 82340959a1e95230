"""When to fetch an issuer's keys, and which to use meanwhile (THREATS J84-J90, R30-R35). No I/O; time is an argument,
on the monotonic scale.

A key that is known never waits for the network while somebody asks regularly: the set is renewed before it grows
old, and an issuer that does not answer costs nothing for a day. A key that is not known is asked for at most every
30 seconds, whatever the traffic; sooner only when the issuer has told that a key was withdrawn. A removed key is
dropped with the next set, at the latest when the set is as old as ``Cache-Control`` allowed.
"""

import math
from dataclasses import dataclass
from enum import Enum

from watchword.jose.errors import InvalidKeyError
from watchword.jose.jwk_set import KeySet

COOL_DOWN = 30.0  # seconds between fetches for a name that is not known, and after a failure
# When the issuer tells that a key was stolen, another signs already that nobody may have met. It is published by every
# process of the issuer within a second; five allow for clocks' ticks and busy machines.
HURRY, HURRIED_COOL_DOWN = 5.0, 1.0  # seconds
FIRST_RETRY = 1.0  # seconds after the first failure while there are no keys at all; doubles up to COOL_DOWN
MIN_LIFETIME, DEFAULT_LIFETIME, MAX_LIFETIME = 60.0, 300.0, 3600.0
RENEW_AFTER = 0.8  # of the lifetime
STALE_IF_ERROR = 24 * 3600.0  # seconds for which the last good set serves an issuer that does not answer
MAX_NAMES_REMEMBERED = 1000


class Plan(Enum):
    """What to do before looking the key up."""

    USE = "use the set at hand"
    RENEW_MEANWHILE = "use the set at hand, and fetch in the background"
    WAIT = "fetch, or wait for the fetch under way, as long as it takes"
    WAIT_BRIEFLY = "the same, for a name that may not exist: whoever joins a fetch under way waits for a moment only"
    REFUSE = "there is no set that may be used, and it is too early to ask again"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A key set and its times, replaced as a whole."""

    keys: KeySet
    lifetime: float
    renew_at: float
    fresh_until: float
    usable_until: float


@dataclass(frozen=True, slots=True)
class KeysStatus:
    """The keys of one issuer.

    Args:
        kids: the names of the keys at hand; empty before they were first fetched.
        is_fresh: whether they are as young as the issuer wants them to be; given keys always are.
        usable_seconds: for how long they still serve if the issuer does not answer; infinite for given keys.
    """

    kids: tuple[str, ...]
    is_fresh: bool
    usable_seconds: float


class KeyCache:
    """The decisions. The caller serialises everything except `snapshot`, which may be read at any time."""

    __slots__ = (
        "_failures",
        "_hurried_until",
        "_is_hurried",
        "_last_begun",
        "_last_ended",
        "_names",
        "_newest",
        "_tickets",
        "snapshot",
    )

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self._last_begun: float | None = None
        self._is_hurried = False
        self._hurried_until = -math.inf
        self._last_ended = 0.0
        self._failures = 0
        self._tickets = 0
        self._newest = 0
        self._names: dict[str, tuple[str, str]] = {}

    def plan(self, kid: str | None, now: float, *, fetching: bool) -> Plan:
        """What to do for a token that names ``kid``, while a fetch is under way or not."""
        snapshot = self.snapshot
        may_ask = fetching or self._may_begin(now)
        if snapshot is None or now >= snapshot.usable_until:
            return Plan.WAIT if may_ask else Plan.REFUSE
        if kid is not None and kid not in snapshot.keys and may_ask:
            return Plan.WAIT_BRIEFLY
        if now < snapshot.renew_at or not may_ask:
            return Plan.USE
        # Nobody has asked for as long as a set lives: what is at hand may have been withdrawn long ago.
        if now >= snapshot.fresh_until and now - self._last_ended >= snapshot.lifetime:
            return Plan.WAIT
        return Plan.RENEW_MEANWHILE

    def begin(self, now: float) -> int:
        """A fetch begins; its ticket orders it among others."""
        self._last_begun = now
        self._is_hurried = False
        self._tickets += 1
        return self._tickets

    def succeed(self, ticket: int, keys: KeySet, max_age: float | None, now: float) -> None:
        """A fetch brought ``keys``; a set that was asked for earlier never replaces a newer one (J89).

        Raises:
            InvalidKeyError: a name that was seen before now means another key (R31): the set is not to be believed.
        """
        if ticket < self._newest:
            return
        named = {key.kid: (key.alg, key.thumbprint()) for key in keys}
        for kid, identity in named.items():
            if self._names.get(kid, identity) != identity:
                raise InvalidKeyError("the issuer's key set gives a known name to another key")
        if len(self._names) + len(named) > MAX_NAMES_REMEMBERED:
            self._names = {}
        self._names |= named
        self._newest = ticket
        self._last_ended = now
        self._failures = 0
        lifetime = min(max(DEFAULT_LIFETIME if max_age is None else max_age, MIN_LIFETIME), MAX_LIFETIME)
        self.snapshot = Snapshot(
            keys,
            lifetime,
            renew_at=now + lifetime * RENEW_AFTER,
            fresh_until=now + lifetime,
            usable_until=now + lifetime + STALE_IF_ERROR,
        )

    def fail(self, now: float) -> None:
        """A fetch failed; what is at hand stays (J85)."""
        self._last_ended = now
        self._failures += 1

    def abandon(self) -> None:
        """A fetch began in a process that was left behind: here it never began."""
        self._last_begun = None

    def hurry(self, now: float) -> None:
        """The issuer has withdrawn a key: whatever was fetched before may lack the one that signs in its place.

        At most a handful of fetches are let through by it, however many names are asked for (R33).
        """
        self._is_hurried = True
        self._hurried_until = now + HURRY

    def _may_begin(self, now: float) -> bool:
        if self._last_begun is None or self._is_hurried:
            return True
        wait = COOL_DOWN
        if self.snapshot is None and self._failures:
            wait = min(FIRST_RETRY * 2.0 ** min(self._failures - 1, 10), COOL_DOWN)
        if self._last_begun < self._hurried_until:
            wait = min(wait, HURRIED_COOL_DOWN)
        return now - self._last_begun >= wait
