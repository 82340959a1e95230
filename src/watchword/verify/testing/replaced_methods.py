"""Methods of the package that are others for as long as a test asks for it."""

import threading
from collections.abc import Callable
from typing import Any


class ReplacedMethod:
    """One method of a class. Its stand-in sees every call while at least one thing is `listed`.

    Args:
        owner: the class.
        name: of the method.
        stand_in: called with the method as it was, then with what the method was called with.
    """

    def __init__(self, owner: type, name: str, stand_in: Callable[..., Any]) -> None:
        self._owner = owner
        self._name = name
        self._stand_in = stand_in
        self._lock = threading.RLock()
        self._before: Callable[..., Any] | None = None
        self._listed: list[Any] = []

    @property
    def listed(self) -> tuple[Any, ...]:
        """What the stand-in is there for, in the order in which it came."""
        return tuple(self._listed)

    def add(self, member: Any) -> None:
        """List ``member``; with the first, the stand-in comes."""
        with self._lock:
            if self._before is None:
                before = self._before = self._owner.__dict__[self._name]
                stand_in = self._stand_in
                setattr(self._owner, self._name, lambda *args, **kwargs: stand_in(before, *args, **kwargs))
            self._listed.append(member)

    def remove(self, member: Any) -> None:
        """Take ``member`` itself off the list; with the last, the stand-in goes."""
        with self._lock:
            self._listed = [other for other in self._listed if other is not member]
            if not self._listed and self._before is not None:
                setattr(self._owner, self._name, self._before)
                self._before = None
