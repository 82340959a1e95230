"""What an option is: a dataclass field that also says how it is read, what it means and whether it is a secret."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """How a value is read. ``base`` is the directory that relative paths start from."""

    base: Path


Parse = Callable[[Any, Reading], Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of one section.

    ``secret`` values are never shown and have a ``…_file`` twin, in TOML and in the environment. ``file_only`` ones
    may be given through that twin alone.
    """

    section: str
    name: str
    parse: Parse
    default: Any
    help: str
    secret: bool
    file_only: bool

    @property
    def key(self) -> str:
        """The name in TOML, for example ``server.port``."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The name in the environment, for example ``WATCHWORD_SERVER_PORT``."""
        return f"WATCHWORD_{self.section}_{self.name}".upper()

    @property
    def required(self) -> bool:
        return self.default is MISSING


def option(parse: Parse, *, text: str, default: Any = MISSING, secret: bool = False, file_only: bool = False) -> Any:
    """A dataclass field that is an option.

    Args:
        parse: turns what TOML or the environment holds into the value; raises ``ValueError`` with a sentence.
        text: one line of what it means, for ``config explain`` and the reference.
        default: the value when nobody says anything; without one the option must be given.
        secret: never shown.
        file_only: only the ``…_file`` twin is accepted.
    """
    metadata = {"parse": parse, "help": text, "secret": secret, "file_only": file_only}
    if default is MISSING:
        return field(repr=not secret, metadata=metadata)
    return field(default=default, repr=not secret, metadata=metadata)
