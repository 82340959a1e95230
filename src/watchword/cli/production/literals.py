"""Values as they stand in the files of `watchword init`: each in the format around it, so that none can end its place.

`Answers.check` has let through nothing that needs escaping. This is the second lock: a value that a format cannot
hold safely is refused, whoever let it through.
"""

import json
import re
import shlex

# What any of these values is made of. Quotes, spaces, backslashes, braces, dollar and per cent signs, hashes and line
# ends, by which a value could end its place in one format or another, are not among it.
_PLAIN = re.compile(r"[A-Za-z0-9@:/._+,=-]+")


class Literal(str):
    """A text that is ready to stand in a file; only this module makes one."""

    __slots__ = ()


class UnsafeValueError(ValueError):
    """A value cannot stand in this format."""


def quoted(value: str) -> Literal:
    """A string in TOML, in YAML and in JSON alike.

    Raises:
        UnsafeValueError: it holds more than printable ASCII, of which the three have different notions.
    """
    if not value.isascii() or not value.isprintable():
        raise UnsafeValueError("a value is printable ASCII")
    return Literal(json.dumps(value))


def bare(value: str) -> Literal:
    """A word in a unit file, an nginx, Caddy or HAProxy configuration, none of which escape alike.

    Raises:
        UnsafeValueError: it holds a character that means something there.
    """
    if not _PLAIN.fullmatch(value):
        raise UnsafeValueError("a value that stands without quotes is made of letters, digits and @:/._+,=-")
    return Literal(value)


def shell_word(value: str) -> Literal:
    """One word of a POSIX shell's command line."""
    if not value.isprintable():
        raise UnsafeValueError("a word of a command line is printable")
    return Literal(shlex.quote(value))
