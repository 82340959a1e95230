"""Short interleaved rounds: every contender runs for a few milliseconds, again and again, in turn.

Whatever slows the machine for a while slows all of them, so that their ratios hold. A ratio is taken within each round
and the median of these is told. Times are CPU time of the whole process: on an idle machine that is wall time, and on
a busy one it is what remains true; `Figures.remark` tells how far apart the two were.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds for some calls: of the process, and of the clock on the wall."""

    cpu: float
    wall: float


class Contender(Protocol):
    """Somebody who can do the same thing many times."""

    @property
    def name(self) -> str:
        """As tables name it."""
        ...

    @property
    def warm_rounds(self) -> int:
        """How many rounds' time it runs before it is measured."""
        ...

    def run(self, calls: int) -> Taken:
        """Do it ``calls`` times."""
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """A contender in this process. ``loop`` does the thing as often as it is told, in a ``for`` of its own, so that no
    call of ours stands between.
    """

    name: str
    loop: Callable[[int], None]
    warm_rounds: int = 15

    def run(self, calls: int) -> Taken:
        """Do it ``calls`` times."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.loop(calls)
        return Taken(time.process_time() - cpu, time.perf_counter() - wall)


@dataclass(slots=True)
class Figures:
    """Microseconds of CPU per call, round by round, in the order of the contenders."""

    per_call: dict[str, list[float]] = field(default_factory=dict)
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def median(self, name: str) -> float:
        """Microseconds per call."""
        return statistics.median(self.per_call[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the ratios within each round."""
        pairs = zip(self.per_call[name], self.per_call[to], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def without(self, name: str, overhead: str) -> float:
        """Microseconds per call less those of ``overhead`` in the same round."""
        pairs = zip(self.per_call[name], self.per_call[overhead], strict=True)
        return statistics.median(one - other for one, other in pairs)

    def spread(self, name: str) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        if len(self.per_call[name]) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.per_call[name], n=4)
        return (high - low) / 2 / self.median(name)

    @property
    def remark(self) -> str:
        """How crowded the machine was."""
        return f"wall time was {sum(self.walls) / max(sum(self.cpus), 1e-9):.2f} times CPU time"


def measure(contenders: Sequence[Contender], *, rounds: int, round_seconds: float) -> Figures:
    """Let ``contenders`` run in turn, each ``round_seconds`` long, ``rounds`` times; who begins moves on each time."""
    calls = {one.name: _calls(one, round_seconds) for one in contenders}
    figures = Figures({one.name: [] for one in contenders})
    for number in range(rounds):
        start = number % len(contenders)
        for one in [*contenders[start:], *contenders[:start]]:
            gc.collect()  # the garbage of those before
            taken = one.run(calls[one.name])
            figures.per_call[one.name].append(taken.cpu / calls[one.name] * 1e6)
            figures.walls.append(taken.wall)
            figures.cpus.append(taken.cpu)
    return figures


def _calls(contender: Contender, round_seconds: float) -> int:
    """Warm up, and find how many calls fill a round."""
    calls, spent, warm = 1, 0.0, contender.warm_rounds * round_seconds
    while True:
        taken = contender.run(calls)
        spent += taken.cpu
        if spent >= warm and taken.cpu > round_seconds / 8:
            return max(1, round(calls * round_seconds / taken.cpu))
        calls = calls * 2 if taken.cpu < warm / 4 else calls
