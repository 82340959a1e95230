"""A fake issuer asks every verifier of its process; here that must be those of one test, not of the whole suite."""

from collections.abc import Iterator
from weakref import WeakSet

import pytest

from watchword.verify import verification


@pytest.fixture(autouse=True)
def only_verifiers_of_this_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    alive: WeakSet[verification.Verification] = WeakSet()
    monkeypatch.setattr(verification, "_alive", alive)
    yield
    for living in list(alive):
        living.forget()
