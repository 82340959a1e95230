"""What each template is shown with: ``samples/*.json``, a file for each area.

A sample names its ``template``, its ``context`` and, where pages share something, the ``surroundings`` they stand in.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "samples"


def read_samples() -> dict[str, dict[str, Any]]:
    """Every sample by its name, its context complete."""
    surroundings = json.loads((FOLDER / "surroundings.json").read_text())
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        if path.stem == "surroundings":
            continue
        for name, sample in json.loads(path.read_text()).items():
            assert name not in found, f"two samples are called {name}"
            around = surroundings[sample["surroundings"]] if "surroundings" in sample else {}
            found[name] = {**sample, "context": {**around, **sample["context"]}}
    return found
