"""When keys are fetched (THREATS J84, J85, J89, J90, R30-R35). No I/O, no clock: time is an argument."""

import random

import pytest

from watchword.jose import Key, KeySet
from watchword.jose.errors import InvalidKeyError
from watchword.verify.key_cache import COOL_DOWN, HURRIED_COOL_DOWN, HURRY, STALE_IF_ERROR, KeyCache, Plan

OLD, NEW = Key.generate("ES256", kid="old"), Key.generate("ES256", kid="new")
HOUR = 3600.0


def filled(*keys: Key, at: float = 0.0, max_age: float | None = 300) -> KeyCache:
    cache = KeyCache()
    cache.succeed(cache.begin(at), KeySet(keys or (OLD,)), max_age, at)
    return cache


def names(cache: KeyCache) -> set[str]:
    assert cache.snapshot is not None
    return {key.kid for key in cache.snapshot.keys}


def test_the_first_token_waits_for_the_keys() -> None:
    assert KeyCache().plan("old", 0, fetching=False) is Plan.WAIT


def test_a_known_key_of_a_fresh_set_is_used_at_once() -> None:
    assert filled().plan("old", 239, fetching=False) is Plan.USE


def test_a_set_is_renewed_in_the_background_before_it_grows_old() -> None:
    assert filled().plan("old", 240, fetching=False) is Plan.RENEW_MEANWHILE


@pytest.mark.parametrize(("max_age", "renewed"), [(0, 48), (5, 48), (60, 48), (None, 240), (300, 240), (10**9, 2880)])
def test_j90_the_lifetime_lies_between_a_minute_and_an_hour(max_age: float | None, renewed: float) -> None:
    cache = filled(max_age=max_age)
    assert cache.plan("old", renewed - 1, fetching=False) is Plan.USE
    assert cache.plan("old", renewed, fetching=False) is not Plan.USE


def test_j90_a_removed_key_is_gone_with_the_next_set() -> None:
    cache = filled(OLD, NEW)
    cache.succeed(cache.begin(240), KeySet([NEW]), 300, 240)
    assert names(cache) == {"new"}


def test_j90_after_a_long_silence_nobody_is_let_in_by_an_old_set() -> None:
    cache = filled()
    assert cache.plan("old", 10 * HOUR, fetching=False) is Plan.WAIT
    cache.begin(10 * HOUR)
    assert cache.plan("old", 10 * HOUR + 1, fetching=True) is Plan.WAIT


def test_r30_r34_an_issuer_that_is_down_costs_a_known_key_nothing_for_a_day() -> None:
    cache = filled()
    now, waits = 240.0, 0
    while now < STALE_IF_ERROR:
        plan = cache.plan("old", now, fetching=False)
        waits += plan is Plan.WAIT
        if plan is Plan.RENEW_MEANWHILE:
            cache.begin(now)
            cache.fail(now + 5)
        now += 10
    assert waits == 0
    assert names(cache) == {"old"}


def test_r34_after_a_day_it_fails_closed_and_heals_at_once() -> None:
    cache = filled()
    end = 300 + STALE_IF_ERROR
    cache.begin(end - 1)
    cache.fail(end - 1)
    assert cache.plan("old", end, fetching=False) is Plan.REFUSE
    assert cache.plan("old", end + COOL_DOWN, fetching=False) is Plan.WAIT
    cache.succeed(cache.begin(end + COOL_DOWN), KeySet([OLD]), 300, end + COOL_DOWN)
    assert cache.plan("old", end + COOL_DOWN, fetching=False) is Plan.USE


def test_j84_r33_ten_thousand_names_a_second_are_two_fetches_a_minute() -> None:
    for failing in (False, True):
        cache = filled()
        generator = random.Random(1)
        fetches: list[float] = []
        for step in range(1, 36_000):
            now = step / 10
            plan = cache.plan(f"random-{generator.random()}", now, fetching=False)
            if plan is not Plan.USE:
                fetches.append(now)
                ticket = cache.begin(now)
                if failing:
                    cache.fail(now)
                else:
                    cache.succeed(ticket, KeySet([OLD]), 300, now)
        busiest = max(sum(begin <= moment < begin + 60 for moment in fetches) for begin in fetches)
        assert busiest <= 2
        assert names(cache) == {"old"}


def test_an_unknown_name_waits_for_the_fetch_under_way_but_not_for_long() -> None:
    cache = filled()
    cache.begin(100)
    assert cache.plan("new", 100, fetching=True) is Plan.WAIT_BRIEFLY
    assert cache.plan("old", 100, fetching=True) is Plan.USE


def test_r35_a_new_name_is_found_after_the_cool_down() -> None:
    cache = filled()
    assert cache.plan("new", COOL_DOWN - 1, fetching=False) is Plan.USE
    assert cache.plan("new", COOL_DOWN, fetching=False) is Plan.WAIT_BRIEFLY


def test_without_any_keys_it_asks_again_soon_and_then_less_often() -> None:
    cache, now, begun = KeyCache(), 0.0, []
    while now < 120:
        if cache.plan("old", now, fetching=False) is Plan.WAIT:
            begun.append(now)
            cache.begin(now)
            cache.fail(now)
        now += 1
    assert begun == [0, 1, 3, 7, 15, 31, 61, 91]


def test_j89_an_older_answer_does_not_replace_a_newer_one() -> None:
    cache = KeyCache()
    slow, fast = cache.begin(0), cache.begin(1)
    cache.succeed(fast, KeySet([NEW]), 300, 2)
    cache.succeed(slow, KeySet([OLD]), 300, 3)
    assert names(cache) == {"new"}


def test_r31_a_known_name_never_means_another_key() -> None:
    cache = filled(OLD)
    impostor = Key.generate("ES256", kid="old")
    with pytest.raises(InvalidKeyError, match="another key"):
        cache.succeed(cache.begin(300), KeySet([impostor, NEW]), 300, 300)
    assert cache.snapshot is not None
    assert cache.snapshot.keys.find("old") is OLD
    assert "new" not in cache.snapshot.keys


def test_r31_a_name_is_remembered_after_its_key_is_gone() -> None:
    cache = filled(OLD)
    cache.succeed(cache.begin(300), KeySet([NEW]), 300, 300)
    with pytest.raises(InvalidKeyError):
        cache.succeed(cache.begin(600), KeySet([Key.generate("ES256", kid="old")]), 300, 600)
    cache.succeed(cache.begin(900), KeySet([OLD]), 300, 900)


def test_r36_after_a_withdrawal_the_key_in_its_place_is_looked_for_at_once() -> None:
    cache = filled()
    assert cache.plan("new", 1, fetching=False) is Plan.USE  # a set came a second ago: a name that may not exist
    cache.hurry(0)
    assert cache.plan("new", 0, fetching=False) is Plan.WAIT_BRIEFLY


def test_r36_a_process_of_the_issuer_that_lags_a_second_behind_costs_a_second() -> None:
    cache = filled()
    cache.hurry(1)
    cache.succeed(cache.begin(1.5), KeySet([OLD]), 300, 1.5)  # without the new key
    assert cache.plan("new", 2.4, fetching=False) is Plan.USE
    assert cache.plan("new", 2.5, fetching=False) is Plan.WAIT_BRIEFLY


def test_r36_nobody_has_to_come_soon_after_the_withdrawal() -> None:
    cache, late = filled(), 1 + HURRY + 10
    cache.hurry(1)
    assert cache.plan("new", late, fetching=False) is Plan.WAIT_BRIEFLY
    cache.succeed(cache.begin(late), KeySet([NEW]), 300, late)
    assert cache.plan("random", late + COOL_DOWN - 1, fetching=False) is Plan.USE
    assert cache.plan("random", late + COOL_DOWN, fetching=False) is Plan.WAIT_BRIEFLY


@pytest.mark.parametrize("is_answered", [True, False])
def test_r33_a_flood_of_names_after_a_withdrawal_gets_a_handful_of_fetches_more(*, is_answered: bool) -> None:
    cache, begun = filled(), 0
    cache.hurry(1)
    for quarter in range(240):
        now = 1 + quarter / 4
        if cache.plan(f"random-{quarter}", now, fetching=False) is Plan.WAIT_BRIEFLY:
            begun += 1
            ticket = cache.begin(now)
            if is_answered:
                cache.succeed(ticket, KeySet([OLD]), 300, now)
            else:
                cache.fail(now)
    assert begun == HURRY / HURRIED_COOL_DOWN + 2
