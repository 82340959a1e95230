"""Names of records and tokens stay unique whatever becomes of the process that makes them (THREATS R39)."""

import multiprocessing
import re

import pytest

from watchword.jose import Key
from watchword.store.identifiers import new_id

EACH, PROCESSES = 60_000, 4


def _make(_: int) -> tuple[list[str], str]:
    return [new_id() for _ in range(EACH)], Key.generate("ES256").kid


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # the point of the test
def test_r39_processes_that_begin_alike_make_no_name_twice(method: str) -> None:
    new_id(), Key.generate("ES256")  # whatever state there is has been made before the processes part
    with multiprocessing.get_context(method).Pool(PROCESSES) as pool:
        made = pool.map(_make, range(PROCESSES), chunksize=1)
    ids = [name for names, _ in made for name in names]
    assert len(set(ids)) == PROCESSES * EACH
    assert len({kid for _, kid in made}) == PROCESSES
    assert all(re.fullmatch(r"[a-z2-7]{26}", name) for name in ids)
