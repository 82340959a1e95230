"""The fuzz targets hold for their seeds, and for small accidents to these; and they can fail."""

import binascii
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from tests.fuzz import targets
from tests.fuzz.targets import TARGETS

from watchword.jose import base64url, header

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_hold(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", TARGETS)
def test_small_accidents_to_the_seeds_hold(name: str) -> None:
    target = TARGETS[name]
    rng = Random(name)
    words = (*target.words, *(bytes((byte,)) for byte in range(256)))
    for _ in range(300):
        data = rng.choice(target.seeds)
        for _ in range(rng.randrange(1, 4)):
            place, cut = rng.randrange(len(data) + 1), rng.choice((0, 0, 1, 3))
            data = data[:place] + rng.choice((b"", rng.choice(words))) + data[place + cut :]
        target.run(data)


@pytest.mark.parametrize(
    ("name", "data", "place", "lax", "error"),
    [
        ("base64url", b"AB", (base64url, "decode"), lambda text: binascii.a2b_base64(text + b"=="), AssertionError),
        ("json", b'{"a":1,"a":2}', (targets, "decode_object"), json.loads, AssertionError),
        ("header", b"\xff", (header, "parse"), lambda segment: segment.decode("ascii"), UnicodeDecodeError),
    ],
    ids=["J33 spare bits", "J38 the last of two names", "J42 an undocumented error"],
)
def test_a_target_fails_where_a_reader_is_lax(
    *,
    name: str,
    data: bytes,
    place: tuple[object, str],
    lax: Callable[[bytes], object],
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(*place, lax)
    with pytest.raises(error):
        TARGETS[name].run(data)


def test_the_script_tells_every_target() -> None:
    script = ROOT / "scripts" / "fuzz"
    assert os.access(script, os.X_OK)
    told = subprocess.run([script, "--help"], check=True, capture_output=True, text=True).stdout
    for switch in re.findall(r"^\s+(--[a-z-]+)\)", script.read_text(), re.MULTILINE):
        assert switch in told
    for name in TARGETS:
        assert re.search(rf"\b{name}\b", told), name
