"""Templates become files. A template's marks, ``«value | bare»``, are used by none of the formats."""

from collections.abc import Mapping
from importlib import resources

from jinja2 import Environment, StrictUndefined

from watchword.cli.production.literals import Literal, bare, quoted, shell_word


def render(name: str, values: Mapping[str, object]) -> str:
    """The template ``name`` with ``values`` put in.

    Raises:
        TypeError: the template writes a value without saying in which format it stands.
        UnsafeValueError: a value cannot stand in its format.
    """
    text = resources.files(__package__).joinpath("templates", f"{name}.jinja").read_text(encoding="utf-8")
    return _ENVIRONMENT.from_string(text).render(values)


def _ready(value: object) -> object:
    """What may be written: values that a filter has made ready, and numbers."""
    if isinstance(value, Literal | StrictUndefined) or type(value) is int:
        return value
    raise TypeError("a value of a template says in which format it stands")


_ENVIRONMENT = Environment(
    undefined=StrictUndefined,
    finalize=_ready,
    autoescape=False,  # noqa: S701  a value is escaped by the filter of its format, and `_ready` takes no other
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    variable_start_string="«",
    variable_end_string="»",
    block_start_string="«%",
    block_end_string="%»",
    comment_start_string="«#",
    comment_end_string="#»",
)
_ENVIRONMENT.filters |= {"quoted": quoted, "bare": bare, "shell": shell_word}
