"""The secrets of an installation: made once, kept for ever after, each in a file of its own."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from watchword.cli.production.answers import AnswersError
from watchword.cli.production.literals import UnsafeValueError, bare

FOLDER = "secrets"
MASTER_KEY, ADMIN_PASSWORD, DATABASE_PASSWORD = "master-key", "admin-password", "database-password"
_FILE_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the other files need of them; ``texts`` are the files below `FOLDER` by name.

    Args:
        texts: each file's content, with its line end.
        kept: the names of those that were there already.
    """

    texts: dict[str, str] = field(repr=False)
    kept: frozenset[str]

    def value(self, name: str) -> str:
        """The secret without its line end."""
        return self.texts[name].rstrip("\n")


def gather(directory: Path, names: tuple[str, ...]) -> Secrets:
    """The secrets ``names``: as they are below ``directory``, or new ones, which nothing has written yet.

    Raises:
        AnswersError: a file is there that cannot be read, or holds what no secret of ours does.
    """
    texts, kept, problems = {}, set(), []
    for name in names:
        path = directory / FOLDER / name
        try:
            texts[name] = _read(path)
            kept.add(name)
        except FileNotFoundError:
            texts[name] = _NEW[name]() + "\n"
        except (OSError, ValueError):
            problems.append(f"{path} is there and cannot be used: move it away, or make it readable")
    if problems:
        raise AnswersError(*problems)
    return Secrets(texts, frozenset(kept))


def _read(path: Path) -> str:
    with path.open(encoding="ascii") as file:
        text = file.read(_FILE_LIMIT)
    value = text.removesuffix("\n")
    try:
        bare(value)  # it goes into an SQL file and a URL
    except UnsafeValueError as error:
        raise ValueError("not a secret of ours") from error
    return text


def _random() -> str:
    """32 random bytes; for the master key the very form that it is read in."""
    return secrets.token_urlsafe(32)


# A person types the administrator's password once: it is shorter, and still 120 random bits.
_NEW: dict[str, Callable[[], str]] = {
    MASTER_KEY: _random,
    DATABASE_PASSWORD: _random,
    ADMIN_PASSWORD: lambda: secrets.token_urlsafe(15),
}
