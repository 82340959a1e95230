"""What is being measured, told on standard error while it goes on."""

import sys


def say(what: str) -> None:
    """One line."""
    print(f"… {what}", file=sys.stderr, flush=True)
