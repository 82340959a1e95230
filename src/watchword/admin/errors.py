"""An operator's request that cannot be carried out.

AdminError
├── InvalidRequestError   what was asked for is not possible; ``problems`` names every reason
├── UnknownError          there is no such thing
├── TakenError            there is one already
└── SetupLinkError        the set-up link is used, has run out, or never was
"""

from typing import ClassVar

from watchword.errors import WatchwordError


class AdminError(WatchwordError):
    """The request cannot be carried out."""

    code: ClassVar[str] = "admin"


class InvalidRequestError(AdminError):
    """What was asked for is not possible.

    Args:
        problems: every reason, one sentence each.
    """

    code: ClassVar[str] = "invalid_request"

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class UnknownError(AdminError):
    """There is no such thing."""

    code: ClassVar[str] = "unknown"


class TakenError(AdminError):
    """There is one already."""

    code: ClassVar[str] = "taken"


class SetupLinkError(AdminError):
    """The set-up link is used, has run out, or never was; which of them is not told."""

    code: ClassVar[str] = "setup_link"
