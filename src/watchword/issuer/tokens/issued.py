"""The type at the exit of step 2."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A signed token on its way to the client; ``expires_in`` is in seconds. Its repr does not hold the text."""

    text: str = field(repr=False)
    expires_in: int
