"""Counters that parallel guesses cannot outrun and good sign-ins do not fill (O51)."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import select

from watchword.store.engine import Store
from watchword.store.repositories import login_throttle
from watchword.store.repositories.login_throttle import Charge, Limit
from watchword.store.tables import login_throttle as table

pytestmark = pytest.mark.anyio

PAIR = Limit("pair", failures=3, window=100.0, first_block=10.0, longest_block=60.0)
ACCOUNT = Limit("account", failures=5, window=100.0, first_block=10.0, longest_block=60.0)


async def charge(store: Store, *limits: Limit, now: float) -> Charge:
    return await store.write(partial(login_throttle.charge, limits=limits, now=now))


async def fail(store: Store, *limits: Limit, now: float, times: int = 1) -> None:
    for _ in range(times):
        assert not (await charge(store, *limits, now=now)).refused


async def succeed(store: Store, *limits: Limit, now: float) -> None:
    charged = await charge(store, *limits, now=now)
    assert not charged.refused
    await store.write(partial(login_throttle.give_back, charged=charged))


async def test_a_hundred_parallel_guesses_get_three_tries(store: Store) -> None:
    """O51 (Keycloak CVE-2024-4629)"""
    charges = await asyncio.gather(*(charge(store, PAIR, ACCOUNT, now=10.0) for _ in range(100)))
    assert sum(not charged.refused for charged in charges) == 3
    assert {charged.retry_after for charged in charges if charged.refused} == {10.0}


async def test_blocks_grow_and_end(store: Store) -> None:
    """Soft: after each block one more try, and no block is longer than the longest."""
    await fail(store, PAIR, now=0.0, times=3)
    now = 0.0
    for block in (10.0, 20.0, 40.0, 60.0, 60.0):
        assert (await charge(store, PAIR, now=now + block - 0.5)).retry_after == 0.5
        now += block
        await fail(store, PAIR, now=now)
    assert (await charge(store, PAIR, now=now)).refused


async def test_a_quiet_window_starts_anew(store: Store) -> None:
    await fail(store, PAIR, now=0.0, times=2)
    await fail(store, PAIR, now=100.0, times=2)
    await fail(store, PAIR, now=199.0)
    assert (await charge(store, PAIR, now=199.0)).refused
    await fail(store, PAIR, now=209.0 + 100.0, times=3)
    assert (await charge(store, PAIR, now=310.0)).retry_after == 9.0


async def test_good_sign_ins_consume_nothing(store: Store) -> None:
    """O51: at any point, also when the last allowed try is the right one, and after a block."""
    for _ in range(50):
        await succeed(store, PAIR, ACCOUNT, now=10.0)
    await fail(store, PAIR, now=10.0, times=2)
    for _ in range(50):
        await succeed(store, PAIR, now=10.0)
    await fail(store, PAIR, now=10.0)
    assert (await charge(store, PAIR, now=10.0)).refused
    for _ in range(50):
        await succeed(store, PAIR, now=20.0)
    await fail(store, PAIR, now=20.0)
    assert (await charge(store, PAIR, now=20.0)).retry_after == 20.0, "the failures before still count"


async def test_a_success_does_not_lift_what_failures_earned(store: Store) -> None:
    """O51 (Keycloak 2026): the right guess among parallel wrong ones gives back its own charge alone."""
    right = await charge(store, PAIR, now=10.0)
    await fail(store, PAIR, now=10.0, times=2)
    assert (await charge(store, PAIR, now=10.0)).refused
    await store.write(partial(login_throttle.give_back, charged=right))
    await fail(store, PAIR, now=10.0)
    assert (await charge(store, PAIR, now=10.0)).refused


async def test_a_blocked_key_charges_no_other(store: Store) -> None:
    """A blocked pair must not fill the account's counter: that would be a lock-out of everybody else."""
    await fail(store, PAIR, ACCOUNT, now=10.0, times=3)
    for _ in range(100):
        assert (await charge(store, PAIR, ACCOUNT, now=10.0)).refused
    await fail(store, ACCOUNT, now=10.0, times=2)
    assert (await charge(store, ACCOUNT, now=10.0)).refused


async def test_old_counters_are_forgotten(store: Store) -> None:
    await fail(store, PAIR, now=0.0, times=3)
    await store.write(partial(login_throttle.forget_expired, now=109.0))
    assert (await charge(store, PAIR, now=9.0)).refused
    await store.write(partial(login_throttle.forget_expired, now=111.0))
    await fail(store, PAIR, now=9.0)


async def test_whoever_is_stopped_writes_nothing_more(store: Store) -> None:
    """R52: a blocked address cannot fill the table with counters of names it makes up."""
    await fail(store, PAIR, now=0.0, times=3)
    for number in range(20):
        other = Limit(f"other-{number}", failures=3, window=100.0, first_block=10.0, longest_block=60.0)
        assert (await charge(store, PAIR, other, now=5.0)).refused
    rows = await store.read(lambda connection: connection.execute(select(table.c.key)).scalars().all())
    assert rows == [PAIR.key]
