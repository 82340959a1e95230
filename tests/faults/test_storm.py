"""A short storm over each database; ``scripts/faults storm`` runs long ones with other seeds."""

import pytest
from tests.faults.storm.run import storm

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SEED = 20261201
SECONDS = 6


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_whatever_breaks_what_was_acknowledged_holds(database: str) -> None:
    assert database in {"sqlite", "postgresql"}
    report = await storm("sqlite" if database == "sqlite" else "postgresql", seed=SEED, seconds=SECONDS)
    assert report.findings == []
    assert report.struck.total() >= 1
    assert report.acknowledged["refresh"] >= 1
