"""The lives of some keys as bars on one scale: numbers for an SVG of a thousand units, no styles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from watchword.admin.key_life import Life

WIDTH = 1000.0
_NARROWEST = 4.0  # an hour among months must still be seen


@dataclass(frozen=True, slots=True)
class Scale:
    """From when to when, UTC epoch seconds."""

    begins: float
    ends: float

    @classmethod
    def around(cls, lives: Sequence[Life], now: float) -> "Scale":
        """Wide enough for everything that has been and is planned; ``now`` is always on it."""
        times = [stretch.begins for life in lives for stretch in life.stretches]
        begins, ends = min(times, default=now), max(times, default=now)
        return cls(min(begins, now), max(ends, now, begins + 1))

    def place(self, at: float) -> float:
        """Where ``at`` is drawn."""
        share = (min(max(at, self.begins), self.ends) - self.begins) / (self.ends - self.begins)
        return round(share * WIDTH, 2)

    def bars(self, life: Life, now: float) -> list[dict[str, Any]]:
        """A bar for each stretch, two where it goes on: what has been, and what is planned."""
        drawn = []
        for stretch in life.stretches:
            ends = self.ends if stretch.ends is None else stretch.ends
            parts = [(stretch.begins, min(ends, now)), (max(stretch.begins, now), ends)]
            for begins, until in parts:
                if until > begins:
                    drawn.append(self._bar(stretch.state, begins, until, is_planned=begins >= now))
        return drawn

    def _bar(self, state: str, begins: float, ends: float, *, is_planned: bool) -> dict[str, Any]:
        left = self.place(begins)
        width = max(self.place(ends) - left, _NARROWEST)
        return {"state": state, "x": min(left, WIDTH - width), "width": round(width, 2), "is_planned": is_planned}
