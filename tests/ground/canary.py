"""Looks for secrets where they must not be (G11): ``python -m tests.ground.canary --secrets FILE PATH …``.

A canary is a random value that stands for a secret: typed as a password, sent as a token, used as a code. After a story
has been played, everything that was written is searched for each canary in every form in which programs write text.
"""

import argparse
import base64
import secrets
import sys
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Hit:
    """A canary that was found. ``form`` is how it was written."""

    name: str
    form: str
    path: Path

    def __str__(self) -> str:
        return f"{self.path}: {self.name} ({self.form})"


def new_canary(name: str) -> str:
    """A value that nothing else could contain; it has characters that are escaped in URLs and in JSON."""
    return f'{name}-{secrets.token_hex(12)}/+"~{secrets.token_hex(4)}'


def forms(secret: str) -> dict[str, bytes]:
    """Every way in which ``secret`` may have been written, by name."""
    raw = secret.encode()
    quoted = urllib.parse.quote(secret, safe="")
    written = {
        "plain": raw,
        "percent-encoded": quoted.encode(),
        "percent-encoded in lower case": _lower_escapes(quoted).encode(),
        "form-encoded": urllib.parse.quote_plus(secret).encode(),
        "escaped for JSON": secret.replace("\\", "\\\\").replace('"', '\\"').encode(),
        "escaped for HTML": secret.replace("&", "&amp;").replace('"', "&#34;").encode(),
        "Python's repr": repr(secret)[1:-1].encode(),
        "hexadecimal": raw.hex().encode(),
        "backwards": raw[::-1],
    }
    for offset in range(3):
        written[f"base64 at offset {offset}"] = _inside_base64(raw, offset)
        written[f"base64url at offset {offset}"] = _inside_base64(raw, offset).translate(bytes.maketrans(b"+/", b"-_"))
    return written


def scan(paths: Iterable[Path], canaries: Mapping[str, str]) -> list[Hit]:
    """Every canary, by its name, in every file below ``paths``."""
    searched = [(name, form, text) for name, secret in canaries.items() for form, text in forms(secret).items()]
    hits = []
    for path in _files(paths):
        content = path.read_bytes()
        hits += [Hit(name, form, path) for name, form, text in searched if text in content]
    return hits


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(inner for inner in path.rglob("*") if inner.is_file())
        elif path.is_file():
            yield path


def _lower_escapes(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return "".join([head, *(f"%{part[:2].lower()}{part[2:]}" for part in rest)])


def _inside_base64(raw: bytes, offset: int) -> bytes:
    """The characters that do not depend on the neighbours when ``raw`` begins at ``offset`` of a group of three."""
    encoded = base64.b64encode(bytes(offset) + raw)
    first = (0, 2, 3)[offset]
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last]


def main() -> int:
    """Scan; the exit code is 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.ground.canary", description=__doc__)
    parser.add_argument("--secrets", type=Path, required=True, help="one secret a line")
    parser.add_argument("paths", type=Path, nargs="+")
    options = parser.parse_args()
    lines = options.secrets.read_text().splitlines()
    hits = scan(options.paths, {f"line {number}": line for number, line in enumerate(lines, start=1) if line})
    sys.stdout.writelines(f"{hit}\n" for hit in hits)
    sys.stdout.write(f"{len(lines)} secrets searched for, {len(hits)} hits\n")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
