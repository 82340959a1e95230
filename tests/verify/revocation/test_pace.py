"""When the feed is asked next."""

import pytest

from watchword.verify.revocation.pace import Intervals, Pace, reconnect_after

INTERVALS = Intervals()


@pytest.fixture
def pace() -> Pace:
    return Pace(INTERVALS)


def test_at_first_it_is_due(pace: Pace) -> None:
    assert pace.due_at(needs_snapshot=True) <= 0
    assert pace.due_at(needs_snapshot=False) <= 0


def test_a_poll_follows_the_last_by_five_seconds_or_at_once_where_there_is_more(pace: Pace) -> None:
    pace.asked(100, more=False)
    assert pace.due_at(needs_snapshot=False) == 105
    pace.asked(100, more=True)
    assert pace.due_at(needs_snapshot=False) <= 100


def test_whoever_hears_does_not_poll_for_fifteen_seconds(pace: Pace) -> None:
    pace.asked(100, more=False)
    pace.heard(103)
    assert pace.due_at(needs_snapshot=False) == 118
    assert pace.is_pushed_to(117)
    assert not pace.is_pushed_to(118)
    pace.unheard()
    assert pace.due_at(needs_snapshot=False) == 105


def test_snapshots_are_a_second_apart(pace: Pace) -> None:
    pace.asked_for_snapshot(100)
    pace.asked(100, more=False)
    assert pace.due_at(needs_snapshot=True) == 101


@pytest.mark.parametrize(("retry_after", "due"), [(None, 105), (0.0, 105), (20.0, 120), (3600.0, 130)])
def test_after_a_failure_it_waits_as_told_and_half_a_minute_at_most(
    pace: Pace, retry_after: float | None, due: float
) -> None:
    pace.failed(100, retry_after=retry_after)
    assert pace.due_at(needs_snapshot=False) == due


def test_even_a_snapshot_waits_for_an_issuer_that_asked_for_patience(pace: Pace) -> None:
    pace.failed(100, retry_after=20)
    assert pace.due_at(needs_snapshot=True) == 120


def test_what_is_absent_is_asked_for_after_an_hour(pace: Pace) -> None:
    pace.absent(100)
    assert pace.due_at(needs_snapshot=False) == 3700


def test_connections_are_tried_again_later_and_later_and_never_in_step() -> None:
    for attempt, least in enumerate([1, 2, 4, 8, 16, 30, 30, 30]):
        waits = {reconnect_after(attempt, INTERVALS) for _ in range(20)}
        assert all(least <= wait <= least * 1.5 for wait in waits)
        assert len(waits) > 1
    assert reconnect_after(10**6, INTERVALS) <= 45


@pytest.mark.parametrize(("retry_after", "least", "most"), [(0.0, 1, 1.5), (20.0, 20, 20), (3600.0, 30, 30)])
def test_an_issuer_that_asks_for_patience_is_not_connected_to_before(
    retry_after: float, least: float, most: float
) -> None:
    assert least <= reconnect_after(0, INTERVALS, retry_after=retry_after) <= most
