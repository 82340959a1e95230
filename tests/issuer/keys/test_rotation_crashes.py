"""kill -9 around the commit of each step of a key's life: R01, R36, I5, I6."""

import pytest
from tests.faults.campaigns.keys import POINTS, campaign

from watchword.store.engine import Store

pytestmark = pytest.mark.anyio


async def test_once_at_every_point(store: Store, store_url: str) -> None:
    """What CI sees at every change; ``scripts/faults keys`` does it fifty times."""
    async with campaign(store, store_url, seed=1) as at_work:
        for point in POINTS:
            await at_work.round(point)
        assert at_work.kills == dict.fromkeys(POINTS, 1)
