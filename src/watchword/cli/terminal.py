"""How the terminal looks: quiet, aligned, coloured only for people."""

import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from watchword.config import wants_colour

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def styled(text: str, *names: str) -> str:
    """``text`` in a style, where the terminal shows styles."""
    if not names or not wants_colour():
        return text
    return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"


def harmless(text: str) -> str:
    """``text`` without anything that could move the cursor, colour the screen or turn the line round (O81)."""
    return "".join(
        character
        if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def width(text: str) -> int:
    """Columns that ``text`` takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print aligned columns, or the sentence ``empty`` when there are no rows."""
    if not rows:
        print(empty)
        return
    cells = [[harmless(str(cell)) for cell in row] for row in rows]
    widths = [max(width(row[index]) for row in [list(headings), *cells]) for index in range(len(headings))]
    print(styled(_line(headings, widths), "bold"))
    for row in cells:
        print(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def print_json(value: Any) -> None:
    """Print a value for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Say what takes a moment, on standard error, while it does; nothing stays when standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    sys.stderr.write(f"{doing} …")
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
