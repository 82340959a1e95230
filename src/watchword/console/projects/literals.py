"""Values as they stand in a generated file: each in the language around it, so that none can end its own place."""

import html
import re
import shlex

_SPACE = re.compile(r"\s+")
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_BACKTICKS = re.compile(r"`+")


class Literal(str):
    """A text that is ready to stand in a file; only this module makes one."""

    __slots__ = ()


def text_literal(value: str | tuple[str, ...]) -> Literal:
    """A string, or a list of strings, that means the same in Python and in TOML.

    Whatever is not printable is escaped: quotes and line ends, and marks that turn the direction of the text around
    them, which would let code look other than it is (https://www.unicode.org/reports/tr55/).
    """
    if isinstance(value, tuple):
        return Literal("[" + ", ".join(text_literal(each) for each in value) + "]")
    return Literal('"' + "".join(_escaped(character) for character in value) + '"')


def html_text(value: str) -> Literal:
    """Text on one line, between tags or in a quoted attribute."""
    return Literal(html.escape(_one_line(value), quote=True))


def markdown_text(value: str) -> Literal:
    """Running text on one line; nothing in it is markup."""
    return Literal(_MARKDOWN.sub(r"\\\1", _one_line(value)))


def markdown_code(value: str) -> Literal:
    """A code span: https://spec.commonmark.org/0.31.2/#code-spans"""
    text = _one_line(value)
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return Literal(f"{fence}{padding}{text}{padding}{fence}")


def shell_word(value: str) -> Literal:
    """One word of a POSIX shell's command line."""
    return Literal(shlex.quote(_one_line(value)))


def whole_line(value: str | None) -> Literal:
    """The only content of a file, such as a secret.

    Raises:
        ValueError: there is none, or it is more than one line.
    """
    if not value or not value.isprintable() or value != value.strip():
        raise ValueError("a value that fills a file is one line of printable characters")
    return Literal(value)


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _one_line(value: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in _SPACE.sub(" ", value).strip())
