"""A clock that stands, and a writer on it."""

from collections.abc import Iterator

import pytest
from tests.verify.revocation.fake_writer import FakeWriter, fake_writer

from watchword.clock import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(1_800_000_000)


@pytest.fixture
def writer(clock: SettableClock) -> Iterator[FakeWriter]:
    with fake_writer(clock) as running:
        yield running
