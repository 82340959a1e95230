"""The toy issuers, on the clock of the test, and the HTTP libraries."""

from collections.abc import Iterator

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import MachineIssuer, machine_issuer
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.clock import SettableClock


@pytest.fixture
def issuer(clock: SettableClock) -> Iterator[ToyIssuer]:
    with toy_issuer(clock) as running:
        yield running


@pytest.fixture
def machines(clock: SettableClock) -> Iterator[MachineIssuer]:
    with machine_issuer(clock) as running:
        yield running


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.name)
def library(request: pytest.FixtureRequest) -> Library:
    found = request.param
    assert isinstance(found, Library)
    return found
