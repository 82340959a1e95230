"""The files of a kind: every template of some folders, with the facts put in.

A template is the file itself with ``.jinja`` after its name. Its marks, ``«value | python»``, are used
by no language of the projects, so that their own templates need no escaping.
"""

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from jinja2 import Environment, StrictUndefined

from watchword.console.projects.literals import (
    Literal,
    html_text,
    markdown_code,
    markdown_text,
    shell_word,
    text_literal,
    whole_line,
)
from watchword.console.projects.project import Facts

_SUFFIX = ".jinja"


def render(facts: Facts, *folders: str, **more: str) -> dict[str, str]:
    """The files of ``folders`` below ``templates``; of two with one path the later folder's stands.

    Args:
        facts: put into the templates by their names, with ``read_scope``, ``write_scope`` and ``scope_names``.
        folders: in which the templates are.
        more: further values.

    Raises:
        ValueError: there is no scope.
        TypeError: a template puts a value into a file without saying in which language.
    """
    if not facts.scopes:
        raise ValueError("a project needs a scope that its API asks for")
    values: dict[str, Any] = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    names = tuple(name for name, _ in facts.scopes)
    values |= {"scope_names": names, "read_scope": names[0], "write_scope": names[-1], **more}
    templates: dict[str, str] = {}
    for folder in folders:
        templates |= _texts(resources.files(__package__).joinpath("templates", folder))
    return {path: _ENVIRONMENT.from_string(templates[path]).render(values) for path in sorted(templates)}


def _texts(folder: Traversable, above: str = "") -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _texts(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            found[above + entry.name.removesuffix(_SUFFIX)] = entry.read_text(encoding="utf-8")
    return found


def _ready(value: object) -> object:
    """What may be written: values that a filter has made ready, and ports."""
    if isinstance(value, Literal | StrictUndefined) or type(value) is int:
        return value
    raise TypeError("a value of a template says in which language it stands")


_ENVIRONMENT = Environment(
    undefined=StrictUndefined,
    finalize=_ready,
    autoescape=False,  # noqa: S701  a value is escaped by the filter of its language, and `_ready` takes no other
    trim_blocks=True,
    keep_trailing_newline=True,
    variable_start_string="«",
    variable_end_string="»",
    block_start_string="«%",
    block_end_string="%»",
    comment_start_string="«#",
    comment_end_string="#»",
)
_ENVIRONMENT.filters |= {
    "python": text_literal,
    "html": html_text,
    "markdown": markdown_text,
    "code": markdown_code,
    "shell": shell_word,
    "line": whole_line,
}
