"""A seed file written: what `watchword export` prints and `watchword apply` reads (docs/seed.md)."""

from typing import Any

from watchword.admin.declared import Members
from watchword.admin.export import Exported
from watchword.console.projects.literals import text_literal

_HEAD = "# Written by `watchword export`; `watchword apply` reads it. Secrets and users are not in it."


def seed_text(exported: Exported) -> str:
    """``exported`` as TOML; what is empty or a default is not written."""
    lines = [_HEAD]
    lines += [f"# left out: {one.kind} {text_literal(one.name)}: {_one_line(one.reason)}" for one in exported.left_out]
    for api in exported.apis:
        lines += ["", "[[api]]", *_members(api)]
    for client in exported.clients:
        lines += ["", "[[client]]", *_members(client)]
    return "\n".join(lines) + "\n"


def _members(members: Members) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in members.items() if value not in (None, [], {}, False)]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return text_literal(value)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else text_literal(name)


def _one_line(text: str) -> str:
    return text_literal(text)[1:-1]
