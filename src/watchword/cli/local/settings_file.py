"""The configuration of the local issuer, written so that every other command in this directory finds it too."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from watchword.store.whole_file import replace_whole

_HEAD = """\
# Written by `watchword up` at every start. Other commands here read it; to change a setting, use the options of
# `watchword up` or the environment (`watchword config explain` names every variable).
"""

Sections = Mapping[str, Mapping[str, str | int | tuple[str, ...]]]


def write_settings(path: Path, sections: Sections) -> None:
    """Write ``sections`` as TOML to ``path``."""
    lines = [_HEAD]
    for section, entries in sections.items():
        lines.append(f"[{section}]")
        # Within the characters that are used here, a JSON string is a TOML string.
        lines.extend(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in entries.items())
        lines.append("")
    replace_whole(path, "\n".join(lines).encode())


def recorded_ports(path: Path) -> tuple[int | None, int | None]:
    """The issuer's and the demo's port as of the last start; None where nothing is known."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, None
    return _port(document, "server", "port"), _demo_port(document)


def _port(document: dict[str, Any], section: str, name: str) -> int | None:
    value = document.get(section, {}).get(name)
    return value if isinstance(value, int) and 0 < value < 65536 else None


def _demo_port(document: dict[str, Any]) -> int | None:
    url = document.get("local", {}).get("demo_url")
    try:
        return urlsplit(url).port if isinstance(url, str) else None
    except ValueError:
        return None
