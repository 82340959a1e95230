"""When tokens are renewed: the rules, by hand-set clocks."""

import pytest

from watchword.client.errors import TokenRequestError
from watchword.client.renewal import DOUBT_OFF, HOLD_OFF, Held, Moment, Plan, Renewal, hold
from watchword.client.tokens import TokenSet

START = Moment(1_790_000_000.0, 100.0)
FAILURE = TokenRequestError("refused")


def held(lifetime: float, token: str = "one") -> Held:
    return hold(TokenSet(token, START.now + lifetime), START, lifetime)


def after(seconds: float) -> Moment:
    return Moment(START.now + seconds, START.monotonic + seconds)


@pytest.mark.parametrize(
    ("lifetime", "renew_at", "wait_at"),
    [(300, 240, 290), (3600, 3540, 3590), (100, 80, 95), (10, 8, 9.5), (1, 0.8, 0.95)],
)
def test_a_token_is_used_renewed_meanwhile_and_waited_for(lifetime: float, renew_at: float, wait_at: float) -> None:
    renewal = Renewal(held(lifetime))
    assert renewal.plan(START) is Plan.USE
    assert renewal.plan(after(renew_at - 0.01)) is Plan.USE
    assert renewal.plan(after(renew_at)) is Plan.RENEW_MEANWHILE
    assert renewal.plan(after(wait_at - 0.01)) is Plan.RENEW_MEANWHILE
    assert renewal.plan(after(wait_at)) is Plan.RENEW


def test_with_nothing_to_begin_with_it_is_waited_for() -> None:
    assert Renewal(None).plan(START) is Plan.RENEW


@pytest.mark.parametrize("at", [Moment(START.now + 295, START.monotonic), Moment(START.now, START.monotonic + 295)])
def test_whichever_clock_gets_there_first_ends_the_token(at: Moment) -> None:
    """The monotonic clock stands while a machine sleeps; the wall clock may be set back."""
    assert Renewal(held(300)).plan(at) is Plan.RENEW


def test_after_a_failure_nobody_asks_for_a_moment_and_no_longer() -> None:
    renewal = Renewal(None)
    renewal.fail(FAILURE, START, for_good=False)
    assert renewal.plan(after(HOLD_OFF - 0.01)) is Plan.REFUSE
    assert renewal.plan(after(HOLD_OFF)) is Plan.RENEW


def test_a_failed_renewal_takes_nothing_from_a_token_that_lives() -> None:
    renewal = Renewal(held(300))
    renewal.fail(FAILURE, after(240), for_good=False)
    assert renewal.plan(after(241)) is Plan.USE
    assert renewal.plan(after(240 + HOLD_OFF)) is Plan.RENEW_MEANWHILE
    assert renewal.plan(after(290)) is Plan.RENEW


def test_what_failed_for_good_is_not_asked_again_but_its_token_is_used_to_the_end() -> None:
    renewal = Renewal(held(300))
    renewal.fail(FAILURE, after(240), for_good=True)
    assert renewal.plan(after(289)) is Plan.USE
    assert renewal.plan(after(10_000)) is Plan.REFUSE
    renewal.succeed(held(300))
    assert renewal.plan(START) is Plan.USE


def test_a_refused_token_is_renewed_once() -> None:
    renewal = Renewal(held(300))
    assert renewal.plan(START, refused="one") is Plan.RENEW
    assert renewal.plan(START, refused="one") is Plan.RENEW  # the others whom it refused wait for the same renewal
    assert renewal.plan(START) is Plan.RENEW
    renewal.succeed(held(300, "two"))
    assert renewal.plan(START, refused="one") is Plan.USE
    assert renewal.plan(START, refused="two") is Plan.LEAVE


def test_an_api_that_refuses_every_token_does_not_make_it_a_flood() -> None:
    renewal = Renewal(held(300))
    renewals = 0
    for step in range(600):
        token = f"token-{renewals}"
        renewal.held = hold(TokenSet(token, START.now + 300), START, 300)
        if renewal.plan(after(step / 10), refused=token) is Plan.RENEW:
            renewals += 1
            renewal.succeed(held(300, f"token-{renewals}"))
    assert renewals == 60 / DOUBT_OFF


def test_a_doubt_that_cannot_be_settled_leaves_the_token_to_the_other_apis() -> None:
    renewal = Renewal(held(300))
    assert renewal.plan(START, refused="one") is Plan.RENEW
    renewal.fail(FAILURE, START, for_good=False)
    assert renewal.plan(START) is Plan.USE
    assert renewal.plan(after(1), refused="one") is Plan.LEAVE


def test_a_refused_token_that_failed_just_now_is_not_asked_for_at_once() -> None:
    renewal = Renewal(held(300))
    renewal.fail(FAILURE, START, for_good=False)
    assert renewal.plan(after(1), refused="one") is Plan.REFUSE
