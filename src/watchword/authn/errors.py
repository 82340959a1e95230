"""The errors of signing in.

    AuthenticationError
    ├── OverloadedError       every hashing place is taken; try again soon
    ├── UnusableHashError     a stored hash that must not be computed
    └── WeakPasswordError     a new password that anyone would guess

A wrong password is no error: it is the outcome `attempt.Refused`.
"""

from typing import ClassVar

from watchword.errors import WatchwordError


class AuthenticationError(WatchwordError):
    """Signing in, or changing how one signs in, cannot be carried out."""

    code: ClassVar[str] = "authentication_error"


class OverloadedError(AuthenticationError):
    """Too many passwords wait to be hashed (O52).

    Args:
        retry_after: seconds after which trying again makes sense.
    """

    code: ClassVar[str] = "overloaded"

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class UnusableHashError(AuthenticationError):
    """A stored hash of another kind, or with parameters that would let it eat the machine (O53)."""

    code: ClassVar[str] = "unusable_hash"


class WeakPasswordError(AuthenticationError):
    """A new password that breaks a rule; the sentence says which and may be shown."""

    code: ClassVar[str] = "weak_password"
