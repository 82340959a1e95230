"""An issuer on loopback."""

from collections.abc import Iterator

import pytest
from tests.verify.loopback_issuer import LoopbackIssuer, loopback_issuer


@pytest.fixture
def issuer() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as running:
        yield running
