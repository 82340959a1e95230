"""Remembered verdicts do not outlive a withdrawal, nor the bound on staleness (THREATS R40, R44; decision 0003)."""

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from tests.verify.revocation.fake_writer import CREDENTIALS, PATIENCE, FakeWriter
from tests.verify.revocation.readers import until
from tests.verify.tokens import API, access_token

from watchword.clock import SettableClock
from watchword.jose import KeySet
from watchword.verify import Verifier
from watchword.verify.errors import RevocationsStaleError, TokenRevokedError
from watchword.verify.revocation.reader import JournalReader

FACES = ("blocking", "event loop")


class Service:
    """A verifier whose only token has been verified, and is remembered."""

    def __init__(self, writer: FakeWriter, clock: SettableClock, **options: Any) -> None:
        usual: dict[str, Any] = {"revocation": "push", "credentials": CREDENTIALS, "clock": clock}
        keys = KeySet([writer.token_key.public()])
        self.verifier = Verifier(issuer=writer.url, audience=API, keys=keys, **usual | options)
        now = int(clock.now())
        self.token = access_token(writer.token_key, iss=writer.url, iat=now, exp=now + 3600, gid="g-1")
        self.journal = journal_of(self.verifier)
        self.verify()

    def verify(self, face: str = "blocking") -> str:
        """``hit`` where the remembered verdict sufficed."""
        if self.verifier._verification.attempt(self.token) is not None:
            return "hit"
        if face == "blocking":
            self.verifier.verify(self.token)
        else:
            anyio.run(self.verifier.for_event_loops.verify, self.token)
        return "looked up"


def journal_of(verifier: Verifier) -> JournalReader:
    journal = verifier._verification.issuers[0].journal
    assert journal is not None
    return journal


@pytest.fixture
def service(writer: FakeWriter, clock: SettableClock) -> Iterator[Service]:
    service = Service(writer, clock)
    writer.wait_until(lambda: writer.connected == 1)
    until(lambda: service.verify() == "hit")
    yield service
    service.journal.close()


@pytest.mark.parametrize("face", FACES)
def test_r40_what_is_pushed_is_refused_by_the_very_next_hit(service: Service, writer: FakeWriter, face: str) -> None:
    """The clock stands: that it is looked up at all is that the journal moved."""
    generation = service.journal.generation
    writer.withdraw("grant", "g-1")
    until(lambda: service.journal.generation > generation)
    with pytest.raises(TokenRevokedError):
        service.verify(face)
    with pytest.raises(TokenRevokedError):
        service.verify(face)


@pytest.mark.parametrize("face", FACES)
def test_r40_what_is_polled_is_refused_by_the_very_next_hit(
    writer: FakeWriter, clock: SettableClock, face: str
) -> None:
    service = Service(writer, clock, revocation="poll")
    until(lambda: service.verify() == "hit")
    generation = service.journal.generation
    writer.withdraw("token", "token-1")
    clock.advance(5)
    assert service.journal._run is not None
    service.journal._run.wake.set()
    until(lambda: service.journal.generation > generation)
    with pytest.raises(TokenRevokedError):
        service.verify(face)
    service.journal.close()


@pytest.mark.parametrize("kind", ["withdrawn", "not withdrawn"])
def test_what_moves_the_journal_without_meaning_the_token_costs_one_look(
    service: Service, writer: FakeWriter, kind: str
) -> None:
    generation = service.journal.generation
    writer.withdraw("token", "another" if kind == "withdrawn" else "one more")
    until(lambda: service.journal.generation > generation)
    assert service.verify() == "looked up"
    assert service.verify() == "hit"


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("mode", ["push", "poll", "on_demand"])
def test_r44_told_to_reject_a_frozen_feed_refuses_hits_at_the_bound(
    writer: FakeWriter, clock: SettableClock, mode: str, face: str
) -> None:
    """Every request is a hit until the bound, and none after it."""
    service = Service(writer, clock, revocation=mode, on_stale_revocations="reject")
    journal = service.journal
    until(lambda: service.verify() == "hit")
    writer.fails()
    writer.say(None)
    began = clock.monotonic()
    while clock.monotonic() < began + 29:
        clock.advance(1)
        service.verify(face)
    journal.look()  # a late look brings no news
    clock.advance(1.001)
    with pytest.raises(RevocationsStaleError):
        service.verify(face)
    assert journal.status().stale
    writer.recovers()
    clock.advance(30)

    def is_fresh_again() -> bool:
        clock.advance(0.01)  # an exchange that was on its way has failed, and the next one waits for this clock
        if journal._run is not None:
            journal._run.wake.set()  # each time: it may have been about to sleep
        return mode == "on_demand" or not journal.status().stale

    until(is_fresh_again)
    service.verify(face)
    journal.close()


@pytest.mark.parametrize("seconds", [-86_400.0, 60.0, 86_400.0])
def test_a_wall_clock_that_jumps_and_returns_forgets_nothing(
    service: Service, writer: FakeWriter, clock: SettableClock, seconds: float
) -> None:
    """While it is wrong what expires by it may be forgotten, but the entry outlives its token by five minutes."""
    writer.clock = SettableClock(clock.now())  # the issuer's is right
    generation = service.journal.generation
    writer.withdraw("grant", "g-1", lifetime=60 + 300)
    until(lambda: service.journal.generation > generation)
    clock.jump(seconds)
    clock.advance(59)
    seq = service.journal.status().seq
    writer.withdraw("token", "another")
    until(lambda: service.journal.status().seq > seq or service.journal.status().last_error is not None)
    clock.jump(-seconds)
    with pytest.raises(TokenRevokedError):
        service.verify()


def test_a_closed_verifier_listens_no_more_and_looks_before_it_takes_a_remembered_token(
    writer: FakeWriter, clock: SettableClock
) -> None:
    service = Service(writer, clock, on_stale_revocations="reject")
    until(lambda: service.journal._run is not None and service.journal._run._listener is not None)
    run = service.journal._run
    assert run is not None
    threads = [thread for thread in (run._keeper, run._listener) if thread is not None]
    assert len(threads) == 2
    service.verifier.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    writer.withdraw("grant", "g-1")
    with pytest.raises(TokenRevokedError):
        service.verify()
    service.verifier.close()
    service.verifier.for_event_loops.close()  # twice is no mistake
