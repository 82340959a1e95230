"""The framework under test, and its API."""

from collections.abc import Iterator

import pytest
from tests.frameworks.drivers.catalogue import DRIVERS
from tests.frameworks.protected_api import Caller, Driver, protected

from watchword.clock import SettableClock


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.name)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each framework in turn."""
    chosen: Driver = request.param
    return chosen


@pytest.fixture
def call(driver: Driver, clock: SettableClock) -> Iterator[Caller]:
    """Calls the API that ``driver`` serves, protected without any network."""
    with driver.serve(**protected(clock)) as caller:
        yield caller
