"""A journal on a bad network against a model of it: gaps, duplicates, reordering, replay, restores (THREATS R42).

The model is the journal itself: every number ever committed. Whatever the network does to the messages, the mirror
holds just what the journal withdraws up to the mirror's own number, and no message moves that number past a gap.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.verify.revocation.vectors import ISSUER, NOW, message

from watchword.jose import base64url
from watchword.oauth.revocation import EPOCH_KINDS, KINDS, digest_bytes
from watchword.verify.revocation.mirror import Mirror, Outcome

VALUES = ("a", "b", "c")


class Journal:
    """One journal: ``rows[n - 1]`` is number ``n``."""

    def __init__(self, journal_id: str) -> None:
        self.journal_id = journal_id
        self.rows: list[list[Any]] = []

    def withdraws(self, seq: int, now: float) -> dict[tuple[str, bytes], tuple[int, int]]:
        """Everything unexpired that the numbers up to ``seq`` withdraw."""
        found: dict[tuple[str, bytes], tuple[int, int]] = {}
        for _, kind, digest, expires_at, *rest in self.rows[:seq]:
            key = kind, base64url.decode_text(digest)
            expiry, epoch = found.get(key, (0, 0))
            found[key] = max(expiry, expires_at), max(epoch, *rest, 0)
        return {key: value for key, value in found.items() if value[0] > now}


class BadNetwork(RuleBasedStateMachine):
    """The issuer writes and signs; the network keeps every message for ever and delivers what it likes."""

    @initialize()
    def begin(self) -> None:
        self.now = float(NOW)
        self.journals = {"journal-1": Journal("journal-1")}
        self.journal = self.journals["journal-1"]
        self.sent: list[dict[str, Any]] = []
        self.mirror = Mirror()
        self.accepted_at = 0
        self.keys: dict[tuple[str, bytes], tuple[int, int]] = {}

    @rule(
        kind=st.sampled_from(KINDS),
        value=st.sampled_from(VALUES),
        lifetime=st.sampled_from([10, 400]),
        epoch=st.integers(1, 3),
    )
    def withdraw(self, kind: str, value: str, lifetime: int, epoch: int) -> None:
        digest = base64url.encode_text(digest_bytes(kind, ISSUER, value))
        row = [len(self.journal.rows) + 1, kind, digest, int(self.now) + lifetime]
        self.journal.rows.append([*row, epoch] if kind in EPOCH_KINDS else row)

    @rule(seconds=st.sampled_from([1, 5, 61]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def restore(self) -> None:
        """A second later at least, as restoring takes, in a journal of another name."""
        self.now += 1
        self.journal = Journal(f"journal-{len(self.journals) + 1}")
        self.journals[self.journal.journal_id] = self.journal

    @rule()
    def sign_a_snapshot(self) -> None:
        """Expired entries and lower epochs are left out, so numbers are missing."""
        newest = {(row[1], row[2]): row for row in self.journal.rows}
        merged = self.journal.withdraws(len(self.journal.rows), self.now)
        rows = [
            [row[0], row[1], row[2], merged[kind, base64url.decode_text(digest)][0], *row[4:]]
            for (kind, digest), row in newest.items()
            if (kind, base64url.decode_text(digest)) in merged
        ]
        for row in rows:
            if row[1] in EPOCH_KINDS:
                row[4] = merged[row[1], base64url.decode_text(row[2])][1]
        self._send(type="snapshot", seq=len(self.journal.rows), entries=sorted(rows))

    @rule(data=st.data())
    def sign_a_batch(self, data: st.DataObject) -> None:
        """From anywhere to anywhere; from the end to the end it is a heartbeat."""
        head = len(self.journal.rows)
        first = data.draw(st.integers(0, head))
        to = data.draw(st.integers(first, head))
        self._send(**{"type": "batch", "from": first, "to": to, "head": head, "entries": self.journal.rows[first:to]})

    def _send(self, **members: Any) -> None:
        now = int(self.now)
        shape = {"iss": ISSUER, "iat": now, "exp": now + 60, "ver": 1, "journal_id": self.journal.journal_id}
        self.sent.append(shape | members)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Any message ever sent, in any order, any number of times; only what has expired is refused."""
        claims = data.draw(st.sampled_from([m for m in self.sent if m["exp"] > self.now] or self.sent[-1:]))
        seq, journal_id = self.mirror.seq, self.mirror.journal_id
        taken = self.mirror.take(message(claims, now=claims["iat"]), now=self.now)
        if claims["type"] == "batch" and (journal_id != claims["journal_id"] or claims["from"] > seq):
            assert taken.outcome is Outcome.SNAPSHOT_NEEDED
        if taken.outcome is not Outcome.APPLIED:
            assert (self.mirror.seq, self.mirror.journal_id) == (seq, journal_id)
        if self.mirror.journal_id == journal_id:
            assert self.mirror.seq >= seq
        elif journal_id is not None:  # what was accepted of the newer journal never gives way to the older
            assert claims["iat"] > self.accepted_at
        if taken.outcome is not Outcome.SNAPSHOT_NEEDED and self.mirror.journal_id == claims["journal_id"]:
            self.accepted_at = max(self.accepted_at, claims["iat"])
        if taken.news:
            assert self.mirror.seq == claims.get("head", claims.get("seq"))
            assert not self.mirror.needs_snapshot

    @rule()
    def recover(self) -> None:
        """Whatever happened, one snapshot and the mirror is the journal."""
        self.now += 1
        self.sign_a_snapshot()
        assert self.mirror.take(message(self.sent[-1], now=self.now), now=self.now) == (Outcome.APPLIED, True)
        assert (self.mirror.journal_id, self.mirror.seq) == (self.journal.journal_id, len(self.journal.rows))

    @invariant()
    def it_holds_what_the_journal_withdraws_up_to_its_number(self) -> None:
        if self.mirror.journal_id is None:
            return
        journal = self.journals[self.mirror.journal_id]
        held = {key: value for key, value in self.mirror.told().items() if value[0] > self.now}
        withdrawn = journal.withdraws(self.mirror.seq, self.now)
        # A compromised key stays one, whatever a restored journal knows of it.
        for key, value in withdrawn.items():
            if key[0] == "key":
                self.keys[key] = max(value, self.keys.get(key, value))
        assert held == withdrawn | {key: value for key, value in self.keys.items() if value[0] > self.now}


TestBadNetwork = BadNetwork.TestCase
TestBadNetwork.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
