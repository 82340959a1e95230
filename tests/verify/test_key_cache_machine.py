"""The key cache against a model (THREATS J84, J85, J89, J90, R30-R35): fetches that succeed, fail, come late or in
another order, time that passes, keys that appear, go and change.
"""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from watchword.jose import Key, KeySet
from watchword.jose.errors import InvalidKeyError
from watchword.verify.key_cache import (
    HURRIED_COOL_DOWN,
    HURRY,
    MAX_LIFETIME,
    MIN_LIFETIME,
    KeyCache,
    Plan,
    Snapshot,
)
from watchword.verify.key_source import LOST_AFTER

NAMES = ("a", "b", "c", "d")
HONEST = {name: Key.generate("ES256", kid=name) for name in NAMES}
IMPOSTORS = {name: Key.generate("ES256", kid=name) for name in NAMES}
MINUTE, DAY = 60.0, 24 * 3600.0


@dataclass(frozen=True)
class Fetch:
    """A fetch that has not landed: what the issuer published when it was asked."""

    ticket: int
    published: tuple[Key, ...]


class KeysOfAnIssuer(RuleBasedStateMachine):
    """Drives the cache as `PublishedKeys` does, with an issuer and a clock that do as they please."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = KeyCache()
        self.now = 1000.0
        self.published: dict[str, Key] = {"a": HONEST["a"]}
        self.hurries = 0
        self.under_way: list[Fetch] = []
        self.awaited: Fetch | None = None
        self.lost_at = 0.0
        self.begun_with_keys: list[float] = []
        self.newest: Fetch | None = None
        self.renewed_at = 0.0
        self.seen: dict[str, str] = {}

    @rule(
        seconds=st.sampled_from([0.0, 0.1, 1.0, 5.0, 12.0, 29.9, 30.0, 48.0, 60.0, 240.0, 300.0, 3600.0, DAY, 2 * DAY])
    )
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(name=st.sampled_from(NAMES))
    def a_key_appears(self, name: str) -> None:
        self.published.setdefault(name, HONEST[name])

    @rule(name=st.sampled_from(NAMES))
    def a_key_goes(self, name: str) -> None:
        self.published.pop(name, None)

    @rule(name=st.sampled_from(NAMES))
    def a_key_changes_under_its_name(self, name: str) -> None:
        self.published[name] = IMPOSTORS[name]

    @rule()
    def the_issuer_withdraws_a_key(self) -> None:
        self.hurries += 1
        self.cache.hurry(self.now)

    @rule(kid=st.sampled_from([*NAMES, "random-1", "random-2", None]))
    def a_token_comes(self, kid: str | None) -> None:
        self.a_token_arrives(kid)

    def a_token_arrives(self, kid: str | None) -> None:
        if self.awaited is not None and self.now >= self.lost_at:
            self.awaited = None
        before = self.cache.snapshot
        plan = self.cache.plan(kid, self.now, fetching=self.awaited is not None)
        usable = before is not None and self.now < before.usable_until
        known = before is not None and (kid is None or kid in before.keys)
        if usable and known:
            # A key that is known never waits for the network, unless nobody has asked for as long as a set lives.
            assert plan is not Plan.REFUSE
            assert before is not None
            if plan in {Plan.WAIT, Plan.WAIT_BRIEFLY}:
                assert self.now >= before.fresh_until
            if self.now < before.renew_at:
                assert plan is Plan.USE
        elif usable:
            assert plan in {Plan.WAIT_BRIEFLY, Plan.USE, Plan.RENEW_MEANWHILE}
        else:
            assert plan in {Plan.WAIT, Plan.REFUSE}
        if plan in {Plan.USE, Plan.REFUSE} or self.awaited is not None:
            return
        if before is not None:
            self.begun_with_keys.append(self.now)
        self.awaited = Fetch(self.cache.begin(self.now), tuple(self.published.values()))
        self.lost_at = self.now + LOST_AFTER
        self.under_way.append(self.awaited)

    @precondition(lambda self: self.cache.snapshot is not None)
    @rule(is_answered=st.booleans())
    def a_storm_of_random_names_goes_by(self, *, is_answered: bool) -> None:
        for number in range(140):
            self.now += 0.5
            self.a_token_arrives(f"storm-{number}")
            if is_answered and self.awaited is not None:
                self._succeed(self._landing(self.awaited), None)

    @rule(name=st.sampled_from(NAMES))
    def two_fetches_cross(self, name: str) -> None:
        """The first is given up as lost, and yet it comes, after the second."""
        self.now += 30.0
        self.a_token_arrives("random-1")
        slow = self.awaited
        self.published = {name: HONEST[name]}
        self.now += 30.0
        self.a_token_arrives("random-2")
        fast = self.awaited
        if slow is not None and fast is not None and slow is not fast:
            self._succeed(self._landing(fast), None)
            self._succeed(self._landing(slow), None)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), max_age=st.sampled_from([None, 0.0, 60.0, 300.0, 1e9]))
    def a_fetch_succeeds(self, data: st.DataObject, max_age: float | None) -> None:
        self._succeed(self._landing(data.draw(st.sampled_from(self.under_way))), max_age)

    def _succeed(self, fetch: Fetch, max_age: float | None) -> None:
        before = self.cache.snapshot
        is_late = self.newest is not None and fetch.ticket < self.newest.ticket
        is_forged = any(self.seen.get(key.kid, key.thumbprint()) != key.thumbprint() for key in fetch.published)
        if not fetch.published:  # `read_published_keys` refuses a set without keys
            self.cache.fail(self.now)
            assert self.cache.snapshot is before
            return
        try:
            self.cache.succeed(fetch.ticket, KeySet(fetch.published), max_age, self.now)
        except InvalidKeyError:
            assert is_forged
            assert not is_late
            self.cache.fail(self.now)
            assert self.cache.snapshot is before
            return
        if is_late:
            assert self.cache.snapshot is before
            return
        assert not is_forged
        self.newest, self.renewed_at = fetch, self.now
        self.seen |= {key.kid: key.thumbprint() for key in fetch.published}

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def a_fetch_fails(self, data: st.DataObject) -> None:
        self._landing(data.draw(st.sampled_from(self.under_way)))
        before = self.cache.snapshot
        self.cache.fail(self.now)
        assert self.cache.snapshot is before

    @rule()
    def the_process_forks(self) -> None:
        """In the child the parent's fetch never began, and its own count begins."""
        if self.awaited is not None:
            self.awaited = None
            self.under_way, self.begun_with_keys = [], []
            self.cache.abandon()

    def _landing(self, fetch: Fetch) -> Fetch:
        self.under_way.remove(fetch)
        if fetch is self.awaited:
            self.awaited = None
        return fetch

    @invariant()
    def j84_there_are_two_fetches_a_minute_at_most_and_a_handful_for_each_withdrawn_key(self) -> None:
        most = 2 + (HURRY / HURRIED_COOL_DOWN + 2) * self.hurries
        for begin in self.begun_with_keys:
            assert sum(begin <= moment < begin + MINUTE for moment in self.begun_with_keys) <= most

    @invariant()
    def j89_j90_the_set_at_hand_is_the_newest_that_was_believed(self) -> None:
        snapshot = self.cache.snapshot
        if self.newest is None:
            assert snapshot is None
            return
        assert snapshot is not None
        assert [key.thumbprint() for key in snapshot.keys] == [key.thumbprint() for key in self.newest.published]
        self._times_are_within_bounds(snapshot)

    def _times_are_within_bounds(self, snapshot: Snapshot) -> None:
        assert MIN_LIFETIME <= snapshot.lifetime <= MAX_LIFETIME
        assert self.renewed_at < snapshot.renew_at < snapshot.fresh_until
        assert snapshot.fresh_until == self.renewed_at + snapshot.lifetime
        assert snapshot.usable_until == snapshot.fresh_until + DAY

    @invariant()
    def r31_a_name_means_one_key_for_ever(self) -> None:
        snapshot = self.cache.snapshot
        for key in snapshot.keys if snapshot is not None else ():
            assert self.seen[key.kid] == key.thumbprint()


TestKeysOfAnIssuer = KeysOfAnIssuer.TestCase
TestKeysOfAnIssuer.settings = settings(max_examples=60, stateful_step_count=30)
