"""Which rows of a long parametrised test the inner loop takes."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def sliced(rows: Iterable[Any], *, fast: Collection[Any]) -> list[Any]:
    """All ``rows`` as parameters: ``scripts/test --fast`` takes those in ``fast``, a full run takes every one."""
    parameters = [row if row in fast else pytest.param(row, marks=pytest.mark.exhaustive) for row in rows]
    assert len(fast) < len(parameters)
    assert [row for row in parameters if row in fast] == list(fast), "fast names a row that is not there"
    return parameters
