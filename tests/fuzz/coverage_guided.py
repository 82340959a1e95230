"""Runs one target under atheris: python -m tests.fuzz.coverage_guided TARGET CORPUS [libFuzzer options].

Called by `scripts/fuzz`. The corpus is kept: a second run goes on where the first stopped.
"""

import hashlib
import importlib
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("watchword.jose", "watchword.verify", "watchword.oauth")


def main(arguments: list[str]) -> None:
    """Instrument the product, write the seeds and the words, and fuzz until time is up or something is found."""
    name, corpus, *options = arguments
    atheris: Any = importlib.import_module("atheris")  # lives in an environment of its own, without types
    # What msgspec and cryptography compiled cannot be instrumented; what we wrote can.
    with atheris.instrument_imports(include=list(PACKAGES)):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds:
        (folder / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    if target.words:
        words = folder.with_suffix(".words")
        words.write_text("".join(f'"{escaped(word)}"\n' for word in target.words))
        options.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], corpus, *options], target.run)
    atheris.Fuzz()


def escaped(word: bytes) -> str:
    """A word as libFuzzer's dictionaries write it."""
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1:])
