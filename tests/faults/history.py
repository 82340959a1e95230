"""What clients saw, written down, and the rules it is held to afterwards (THREATS 6.1, I1 to I4).

A client notes each operation when it begins and when it ends. One that was neither answered nor refused (killed,
timed out) is "maybe": it may have happened or not, and is never held against anybody. Start and end are counted,
not timed, so that "before" and "after" are certain.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["ok", "refused", "maybe"]


@dataclass(slots=True)
class Operation:
    """One thing a client asked for.

    Args:
        kind: "refresh", "redeem", "revoke" …
        subject: what it was done to: a parent token, a code …
        family: what a revocation would end: the grant, the session …; the subject itself when nothing is said.
        worker: who answered.
    """

    kind: str
    subject: str
    family: str
    worker: str
    start: int
    end: int | None = None
    outcome: Outcome = "maybe"
    result: str | None = None

    def ok(self, result: str = "") -> None:
        """It was acknowledged, with ``result``."""
        self.outcome, self.result = "ok", result

    def refused(self, reason: str = "") -> None:
        """It was answered with a refusal."""
        self.outcome, self.result = "refused", reason


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, and the operations that show it."""

    rule: str
    operations: tuple[Operation, ...]


@dataclass(slots=True)
class History:
    """All operations of one run, in the order in which they began."""

    operations: list[Operation] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def attempt(self, kind: str, subject: str, *, family: str = "", worker: str = "") -> Iterator[Operation]:
        """Note an operation: call ``ok`` or ``refused`` on it inside the block, or it stays "maybe"."""
        operation = Operation(kind, subject, family or subject, worker, next(self._count))
        self.operations.append(operation)
        try:
            yield operation
        finally:
            operation.end = next(self._count)

    def acknowledged(self, *kinds: str) -> list[Operation]:
        """Those of ``kinds`` that were answered with success."""
        return [operation for operation in self.operations if operation.kind in kinds and operation.outcome == "ok"]

    def save(self, path: Path) -> None:
        """One JSON line for each operation."""
        path.write_text("".join(json.dumps(asdict(operation)) + "\n" for operation in self.operations))

    @classmethod
    def read(cls, path: Path) -> "History":
        """What `save` wrote."""
        return cls([Operation(**json.loads(line)) for line in path.read_text().splitlines()])


def single_successor(history: History, kind: str = "refresh") -> list[Violation]:
    """I3: however often a parent is used, it has one successor. (The same one may be told twice: the retry rule.)"""
    return [
        Violation("single successor", tuple(operations))
        for operations in _by_subject(history.acknowledged(kind))
        if len({operation.result for operation in operations}) > 1
    ]


def used_at_most_once(history: History, kind: str) -> list[Violation]:
    """I4: a code, a link, a device approval is accepted at most once."""
    return [
        Violation("used at most once", tuple(operations))
        for operations in _by_subject(history.acknowledged(kind))
        if len(operations) > 1
    ]


def no_accept_after_revocation(
    history: History, *, uses: Collection[str], revocations: Collection[str] = ("revoke",)
) -> list[Violation]:
    """I1: what begins after a revocation was acknowledged is refused; what overlaps it may go either way."""
    ended: dict[str, Operation] = {}
    for revocation in history.acknowledged(*revocations):
        first = ended.setdefault(revocation.family, revocation)
        if _end(revocation) < _end(first):
            ended[revocation.family] = revocation
    return [
        Violation("no accept after revocation", (ended[use.family], use))
        for use in history.acknowledged(*uses)
        if use.family in ended and use.start > _end(ended[use.family])
    ]


def no_lost_write(history: History, kinds: Collection[str], present: Callable[[Operation], bool]) -> list[Violation]:
    """I2: ``present`` looks in the database for the trace of each acknowledged operation and finds it."""
    return [
        Violation("no lost acknowledged write", (operation,))
        for operation in history.acknowledged(*kinds)
        if not present(operation)
    ]


def _by_subject(operations: Collection[Operation]) -> list[list[Operation]]:
    groups: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        groups[operation.subject].append(operation)
    return list(groups.values())


def _end(operation: Operation) -> int:
    assert operation.end is not None  # an acknowledged operation has ended
    return operation.end
