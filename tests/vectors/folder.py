"""Where the published vectors lie: they are data of others and not part of this repository.

`VECTORS` names their folder; without it `../shared/vectors`, seen from the root of the checkout, is looked at. Where
they are missing the tests that need them are skipped, unless `VECTORS_REQUIRED=1` says that they must run.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "vectors"
MISSING = "the vectors are not here: set VECTORS to the folder that holds wycheproof/ and rfc7520/"


def find(environment: Mapping[str, str] = os.environ, beside: Path = BESIDE_THE_CHECKOUT) -> Path:
    """The folder of the vectors; skips the test where there is none, or fails it where they are required."""
    named = environment.get("VECTORS")
    folder = Path(named) if named else beside
    if (folder / "wycheproof").is_dir() and (folder / "rfc7520").is_dir():
        return folder
    if named or environment.get("VECTORS_REQUIRED") == "1":
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)


def read(name: str) -> Any:
    """The vector file ``name``, below the folder."""
    return json.loads((find() / name).read_bytes())


def digest(name: str) -> str:
    """The SHA-256 of the vector file ``name``, in hexadecimal."""
    return hashlib.sha256((find() / name).read_bytes()).hexdigest()
