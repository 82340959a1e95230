"""Everything an endpoint may need, joined once by `watchword.wiring`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.authn.factors.password import PasswordHasher
from watchword.clock import Clock
from watchword.events import EventSink, NoSink
from watchword.issuer.health import Health
from watchword.issuer.keys.ring import KeyRing
from watchword.issuer.restore_guard import RestoreGuard
from watchword.issuer.revocation.feed import Feed
from watchword.issuer.revocation.status_lists import StatusLists
from watchword.issuer.revocation.streams import Streams
from watchword.issuer.settings import IssuerSettings
from watchword.store.engine import Store
from watchword.telemetry import NoSpans, Spans


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer at work.

    Args:
        settings: what it was told.
        store: its records.
        clock: its time.
        keys: the ring it signs with.
        secrets: HMAC keys by purpose (``csrf``, ``refresh``, ``throttle``, ``pairwise``, ``interaction``,
            ``console``, ``witness``).
        feed: what it tells of withdrawn trust.
        streams: those it tells without being asked.
        passwords: the bounded pool that hashes passwords.
        health: whether it can do its work.
        events: whoever listens.
        spans: whoever traces.
        guard: whether the database is the one it was; see `issuer.restore_guard`.
    """

    settings: IssuerSettings
    store: Store
    clock: Clock
    keys: KeyRing
    feed: Feed
    streams: Streams
    secrets: Mapping[str, bytes] = field(repr=False)
    passwords: PasswordHasher
    events: EventSink = field(default_factory=NoSink)
    spans: Spans = field(default_factory=NoSpans)
    guard: RestoreGuard = field(default_factory=RestoreGuard)
    health: Health = field(init=False)
    status_lists: StatusLists = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "health", Health(store=self.store, keys=self.keys, clock=self.clock))
        lists = StatusLists(store=self.store, keys=self.keys, settings=self.settings, clock=self.clock)
        object.__setattr__(self, "status_lists", lists)
        self.health.add("restore", self.guard.require_own)
