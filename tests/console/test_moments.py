"""Times as pages say them."""

import pytest

from watchword.console.moments import day, duration, moment


def test_a_moment_is_the_same_for_machines_and_people() -> None:
    assert moment(1_790_000_000.9) == {"iso": "2026-09-21T14:13:20Z", "words": "21 Sep 2026, 14:13 UTC"}
    assert day(1_788_300_000) == {"iso": "2026-09-01", "words": "1 Sep 2026"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (300, "5 minutes"), (3900, "1 hour and 5 minutes"), (310, "5 minutes and 10 seconds"), (1, "1 second"),
        (30 * 86_400, "30 days"), (0, "no time"), (90_061, "1 day and 1 hour and 1 minute and 1 second"),
    ],
)  # fmt: skip
def test_durations_in_every_unit_they_take(seconds: float, said: str) -> None:
    assert duration(seconds) == said
