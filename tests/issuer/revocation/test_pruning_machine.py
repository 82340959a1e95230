"""A journal that is pruned against one that is not: every token still alive gets the same verdict from both (R43, R46).

The real statements run on both databases. Beside them stands every entry ever written. Two readers follow the pruned
journal: one begins anew each time, the other polls when it likes and takes a snapshot when it is told to.
"""

import asyncio
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete, update
from tests.conftest import NOW
from tests.issuer.issuing import ISSUER

from watchword.issuer.housekeeping import MAX_SKEW, prune
from watchword.issuer.revocation import withdraw
from watchword.issuer.revocation.feed import SnapshotRequiredError, _all, _told_after
from watchword.issuer.revocation.messages import batch_claims, snapshot_claims
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.revocation import ROW_LEEWAY
from watchword.store.engine import Store, open_store
from watchword.store.repositories import epochs, journal
from watchword.store.repositories.audit import Actor
from watchword.store.tables import epochs as epoch_rows
from watchword.store.tables import journal as journal_rows
from watchword.store.tables import journal_head
from watchword.verify.revocation.marks import TokenMarks
from watchword.verify.revocation.message import Message, read_claims
from watchword.verify.revocation.mirror import Mirror

OPERATOR = Actor("operator")
NAMES = st.sampled_from(["a", "b"])


class Token(NamedTuple):
    """One that was issued."""

    claims: dict[str, Any]
    kid: str
    expires_at: float


class Pruned(RuleBasedStateMachine):
    """The issuer issues, withdraws and prunes, by clocks that may be wrong by as much as is tolerated."""

    url: str

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.store: Store = open_store(self.url)
        self.now = float(NOW)
        self.tokens: list[Token] = []
        self.written: list[journal.Entry] = []
        self.seen = 0
        self.poller = Mirror()
        self.write(_empty)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.store.close())
            self.runner.close()

    def write(self, job: Any) -> Any:
        return self.runner.run(self.store.write(job))

    def read(self, job: Any) -> Any:
        return self.runner.run(self.store.read(job))

    @rule(subject=NAMES, client=NAMES, grant=NAMES, kid=NAMES, lifetime=st.sampled_from([60, 300, LONGEST]))
    def issue(self, subject: str, client: str, grant: str, kid: str, lifetime: int) -> None:
        def in_force(connection: Connection) -> list[int]:
            return [
                epochs.current(connection, "subject", subject),
                epochs.current(connection, "client", client),
                epochs.current(connection, "all", ""),
            ]

        claims = {
            "jti": f"t-{len(self.tokens)}",
            "gid": f"g-{grant}-{int(self.now)}",
            "sid": f"s-{grant}-{int(self.now)}",
            "sub": subject,
            "client_id": client,
            "ww_epoch": self.read(in_force),
        }
        self.tokens.append(Token(claims, f"{kid}-{int(self.now)}", self.now + lifetime))

    @rule(kind=st.sampled_from(["token", "grant", "session", "key"]), which=st.integers(0, 30))
    def withdraw_one(self, kind: Any, which: int) -> None:
        if not self.tokens:
            return
        token = self.tokens[which % len(self.tokens)]
        job: Any
        if kind == "token":
            job = partial(
                withdraw.token, jti=token.claims["jti"], expires_at=token.expires_at, reason="", actor=OPERATOR
            )
        else:
            value = token.kid if kind == "key" else token.claims["gid" if kind == "grant" else "sid"]
            job = partial(withdraw._tell, kind=kind, values=[value])
        self._withdraw(job)

    @rule(kind=st.sampled_from([withdraw.subject, withdraw.client, withdraw.everything]), name=NAMES)
    def raise_an_epoch(self, kind: Any, name: str) -> None:
        named = {withdraw.subject: {"user_id": name}, withdraw.client: {"client_id": name}}.get(kind, {})
        self._withdraw(partial(kind, reason="", actor=OPERATOR, **named))

    def _withdraw(self, job: Any) -> None:
        self.write(partial(job, now=self.now))
        self.written += self.read(partial(journal.after, seq=len(self.written), limit=100))

    @rule(seconds=st.sampled_from([1, 59, 300, LONGEST, ROW_LEEWAY + LONGEST]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(skew=st.sampled_from([-MAX_SKEW, 0.0, MAX_SKEW]))
    def prune(self, skew: float) -> None:
        self.runner.run(prune(self.store, now=self.now + skew))

    @rule()
    def poll(self) -> None:
        """The reader of before asks what is new; told to, it takes a snapshot."""
        if self.poller.journal_id is not None and not self.poller.needs_snapshot:
            after = self.poller.seq
            try:
                head, entries = self.read(partial(_told_after, journal_id=self.poller.journal_id, after=after))
            except SnapshotRequiredError:
                self.poller.need_snapshot()
            else:
                self._take(self.poller, batch_claims(ISSUER, head, after, entries, now=self.now))
        if self.poller.needs_snapshot:
            self._take(self.poller, self._snapshot())
        assert self.poller.seq == len(self.written)
        self._agree(self.poller)

    @invariant()
    def the_pruned_journal_refuses_what_the_whole_one_does(self) -> None:
        if not hasattr(self, "runner"):
            return
        fresh = Mirror()
        self._take(fresh, self._snapshot())
        self._agree(fresh)
        head = self.read(journal.head)
        assert head.seq == len(self.written) >= self.seen, "the head never goes back"
        self.seen = head.seq

    def _snapshot(self) -> dict[str, Any]:
        head, entries = self.read(partial(_all, time=lambda _: self.now))
        return snapshot_claims(ISSUER, head, entries, now=self.now)

    def _agree(self, mirror: Mirror) -> None:
        whole = Mirror()
        head = journal.Head("the-whole-one", len(self.written))
        self._take(whole, snapshot_claims(ISSUER, head, self.written, now=self.now))
        for token in self.tokens:
            if self.now < token.expires_at + ROW_LEEWAY:
                marks = TokenMarks.of(token.claims, kid=token.kid, issuer=ISSUER)
                mine, theirs = (one.withdrawn_by(marks, now=self.now) for one in (mirror, whole))
                assert (mine is None) == (theirs is None), (token, mine, theirs)

    def _take(self, mirror: Mirror, claims: dict[str, Any]) -> None:
        message: Message = read_claims(claims, issuer=ISSUER, now=self.now, leeway=0)
        mirror.take(message, now=self.now)


class Hasty(Pruned):
    """One that does not keep expired entries for as long as clocks may differ, and then some."""

    @rule()
    def prune_too_early(self) -> None:
        self.runner.run(prune(self.store, now=self.now + 2 * MAX_SKEW))


def _empty(connection: Connection) -> None:
    connection.execute(delete(journal_rows))
    connection.execute(delete(epoch_rows))
    connection.execute(update(journal_head).values(seq=0))


def test_no_live_token_can_tell_a_pruned_journal_from_a_whole_one(store_url: str) -> None:
    machine = type("Machine", (Pruned,), {"url": store_url})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=25))


@pytest.mark.slow
def test_a_cleaner_that_deletes_too_early_is_caught(store_url: str) -> None:
    """What is above can fail."""
    machine = type("Machine", (Hasty,), {"url": store_url})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine, settings=settings(max_examples=200, stateful_step_count=25, phases=[Phase.generate])
        )
