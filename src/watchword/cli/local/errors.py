"""Why `watchword up` cannot go on."""

from typing import ClassVar

from watchword.errors import WatchwordError


class LocalError(WatchwordError):
    """`watchword up` cannot start or go on.

    Args:
        problems: every reason, one sentence each.
    """

    code: ClassVar[str] = "local"

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class UsageError(LocalError):
    """The options make no sense."""

    code: ClassVar[str] = "usage"


class CrashedError(LocalError):
    """A process of ours ended by itself.

    Args:
        sentence: which, and how.
        lines: what it wrote last.
    """

    code: ClassVar[str] = "crashed"

    def __init__(self, sentence: str, lines: list[str]) -> None:
        super().__init__(sentence)
        self.lines = lines
