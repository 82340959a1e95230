"""The toy issuers, on the clock of the test, and the HTTP libraries."""

from collections.abc import Iterator

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import MachineIssuer, machine_issuer
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.clock import SettableClock, SystemClock


@pytest.fixture
def issuer(clock: SettableClock) -> Iterator[ToyIssuer]:
    with toy_issuer(clock) as running:
        yield running


@pytest.fixture(scope="session")
def running_machines() -> Iterator[MachineIssuer]:
    with machine_issuer(SystemClock()) as running:
        yield running


@pytest.fixture
def machines(running_machines: MachineIssuer, clock: SettableClock) -> MachineIssuer:
    running_machines.begin(clock)
    return running_machines


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.name)
def library(request: pytest.FixtureRequest) -> Library:
    found = request.param
    assert isinstance(found, Library)
    return found
