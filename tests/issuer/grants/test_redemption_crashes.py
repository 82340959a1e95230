"""kill -9 around the commit of a refresh and of a code's redemption: R03, R04, R08, I2, I3, I4."""

import pytest
from tests.faults.campaigns.redemptions import CODE_POINTS, REFRESH_POINTS, codes, refreshes
from tests.issuer.issuing import World

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# What CI sees at every change; ``scripts/faults redemptions`` does it fifty times. Three generations are the
# fewest of which one is neither the oldest nor the newest.
ROUNDS = 3


@pytest.mark.parametrize("failpoint", REFRESH_POINTS)
async def test_a_refresh_survives_the_death_of_its_worker(world: World, store_url: str, failpoint: str) -> None:
    await refreshes(world, store_url, failpoint, rounds=ROUNDS)


@pytest.mark.parametrize("failpoint", CODE_POINTS)
async def test_a_code_survives_or_dies_with_its_worker_but_never_gives_twice(
    world: World, store_url: str, failpoint: str
) -> None:
    await codes(world, store_url, failpoint, rounds=ROUNDS)
