"""The token of a connection that stays open is looked at again, without asking for a proof that was spent."""

import pytest
from tests.verify.tokens import API, ISSUER, NOW, access_token

from watchword.clock import SettableClock
from watchword.jose import Key, KeySet
from watchword.verify.errors import StepUpError, TokenExpiredError
from watchword.verify.open_connection import OpenConnection
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection
from watchword.verify.requirements import requirements

KEY = Key.generate("ES256")
pytestmark = pytest.mark.anyio


def opened(
    clock: SettableClock, *, every: float = 5.0, leeway: float = 0.0, max_age: int | None = None
) -> OpenConnection:
    protection = Protection(issuer=ISSUER, audience=API, keys=KeySet([KEY.public()]), clock=clock, leeway=leeway)
    presented = PresentedToken(access_token(KEY, auth_time=NOW))
    require = requirements(max_age=max_age)
    claims = protection.admit(presented, require)
    return OpenConnection(protection, presented, claims, require, every=every)


def test_it_is_good_until_it_expires(clock: SettableClock) -> None:
    connection = opened(clock)
    clock.advance(299)
    connection.check()
    clock.advance(1)
    with pytest.raises(TokenExpiredError):
        connection.check()


def test_what_it_must_be_good_for_is_asked_again(clock: SettableClock) -> None:
    connection = opened(clock, max_age=60)
    clock.advance(61)
    with pytest.raises(StepUpError):
        connection.check()


def test_the_next_look_does_not_oversleep_the_expiry(clock: SettableClock) -> None:
    connection = opened(clock)
    assert connection.pause == 5
    clock.advance(298)
    assert connection.pause == 2
    clock.advance(2)
    assert connection.pause == 5


def test_a_leeway_makes_nobody_spin(clock: SettableClock) -> None:
    connection = opened(clock, leeway=30)
    clock.advance(300)
    connection.check()
    assert connection.pause == 5
    clock.advance(30)
    with pytest.raises(TokenExpiredError):
        connection.check()


async def test_the_wait_ends_with_the_reason(clock: SettableClock) -> None:
    connection = opened(clock, every=0.001)
    clock.advance(300)
    assert isinstance(await connection.end(), TokenExpiredError)


@pytest.mark.parametrize("claim", [{"jkt": "A" * 43}, {"x5t#S256": "A" * 43}])
def test_a_bound_token_needs_no_second_proof_but_must_still_be_good(
    clock: SettableClock, claim: dict[str, str]
) -> None:
    """The proof was for the handshake; withdrawal, keys and expiry are asked about all the same."""
    protection = Protection(issuer=ISSUER, audience=API, keys=KeySet([KEY.public()]), clock=clock)
    claims = protection.admit(PresentedToken(access_token(KEY)))
    connection = OpenConnection(protection, PresentedToken(access_token(KEY, cnf=claim)), claims)
    connection.check()
    clock.advance(300)
    with pytest.raises(TokenExpiredError):
        connection.check()


def test_an_issuer_that_is_asked_at_each_look_is_asked_less_often(clock: SettableClock) -> None:
    """A token that is no JWT is looked at by introspection, for each connection."""
    protection = Protection(issuer=ISSUER, audience=API, keys=KeySet([KEY.public()]), clock=clock)
    claims = protection.admit(PresentedToken(access_token(KEY)))
    assert OpenConnection(protection, PresentedToken("opaque"), claims).pause == 5
    assert OpenConnection(protection, PresentedToken("opaque"), claims, every=60).pause == 60
    assert OpenConnection(protection, PresentedToken(access_token(KEY)), claims).pause <= 0.5


def test_what_is_asked_for_later_is_looked_at_too(clock: SettableClock) -> None:
    connection = opened(clock)
    connection.ask_also(requirements(max_age=60))
    connection.check()
    clock.advance(61)
    with pytest.raises(StepUpError):
        connection.check()
