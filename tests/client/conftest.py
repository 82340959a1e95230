"""The toy issuer, on the clock of the test."""

from collections.abc import Iterator

import pytest
from tests.client.toy_issuer import ToyIssuer, toy_issuer

from watchword.clock import SettableClock


@pytest.fixture
def issuer(clock: SettableClock) -> Iterator[ToyIssuer]:
    with toy_issuer(clock) as running:
        yield running
