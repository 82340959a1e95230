"""Waiting for what another thread does, without guessing how long that takes."""

import threading
from collections.abc import Callable


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread to get somewhere."""
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not happen")
