"""One time for all: several issuers steer it, other tools stand beside it, and in the end it is the machine's again."""

import time

import pytest
from tests.verify.testing.test_fake_issuer import API, ISSUER, code
from tests.verify.tokens import NOW

from watchword.clock import SettableClock, SystemClock
from watchword.verify import Verifier, VerifierSettingsError
from watchword.verify.testing import FakeIssuer

OTHER = "https://b.example.com"


def is_real() -> bool:
    return abs(SystemClock().now() - time.time()) < 5 and abs(SystemClock().monotonic() - time.monotonic()) < 5


@pytest.mark.parametrize("first_stops_first", [True, False])
def test_issuers_share_one_time_and_the_last_gives_it_back(*, first_stops_first: bool) -> None:
    first, second = FakeIssuer(ISSUER).start(), FakeIssuer(OTHER).start()
    first.freeze(NOW)
    second.advance(10)
    first.advance(5)
    assert SystemClock().now() == NOW + 15
    for active in (first, second) if first_stops_first else (second, first):
        assert SystemClock().now() == NOW + 15
        active.stop()
    assert is_real()


def test_who_never_steered_keeps_nobody_from_the_real_time() -> None:
    with FakeIssuer(ISSUER):
        with FakeIssuer(OTHER) as steering:
            steering.freeze(NOW)
        assert is_real()


def test_measured_time_never_goes_back() -> None:
    with FakeIssuer(ISSUER) as active:
        active.freeze()
        active.advance(100)
        before = SystemClock().monotonic()
        active.freeze(NOW)
        assert SystemClock().monotonic() == before


def test_tools_that_replace_the_clock_of_python_work_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As freezegun and time-machine do, which put their own function where ``time.time`` was."""
    verifier = Verifier(issuer=ISSUER, audience=API)
    with FakeIssuer() as active:
        monkeypatch.setattr(time, "time", lambda: NOW + 0.5)
        token = active.token(expires_in=60)
        assert code(verifier, token) == "ok"
        assert verifier.verify(token).expires_at == NOW + 60
        monkeypatch.setattr(time, "time", lambda: NOW + 60.5)
        assert code(verifier, token) == "token_expired"


def test_a_verifier_with_a_clock_of_its_own_keeps_it() -> None:
    own = SettableClock(NOW)
    verifier = Verifier(issuer=ISSUER, audience=API, clock=own)
    with FakeIssuer() as active:
        active.freeze(NOW)
        token = active.token(expires_in=60)
        active.advance(3600)
        assert code(verifier, token) == "ok"
        own.advance(60)
        assert code(verifier, token) == "token_expired"


def test_only_an_active_issuer_steers() -> None:
    """Nothing would give the time back."""
    idle = FakeIssuer(ISSUER)
    with pytest.raises(VerifierSettingsError, match="start"):
        idle.freeze(NOW)
    with pytest.raises(VerifierSettingsError, match="start"):
        idle.advance(1)
    assert is_real()
