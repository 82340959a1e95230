"""Asks `node/peers.mjs`, the driver of panva/jose and fast-jwt, any number of questions in one process of Node.js."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "node"
PEERS = ("jose", "fast-jwt")


def ask(requests: Iterable[Mapping[str, Any]], *, timeout: float = 120) -> list[dict[str, Any]]:
    """One answer for each request, in the same order; the head of `peers.mjs` says what may be asked."""
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: scripts/test installs it"
    assert (FOLDER / "node_modules" / "fast-jwt").is_dir(), "run `npm ci` in tests/interop/node"
    done = subprocess.run(
        [node, "--no-warnings", "peers.mjs"],
        cwd=FOLDER,
        input="".join(f"{json.dumps(request)}\n" for request in requests),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
