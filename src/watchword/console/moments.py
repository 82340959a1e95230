"""Points in time and durations, as pages say them."""

from datetime import UTC, datetime
from typing import TypedDict

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class Moment(TypedDict):
    """A point in time: ``iso`` for machines, ``words`` for people."""

    iso: str
    words: str


def moment(seconds: float) -> Moment:
    """``seconds`` since the UTC epoch as ``3 Dec 2026, 14:20 UTC``; where the reader is, the server cannot know."""
    at = datetime.fromtimestamp(seconds, UTC)
    return {"iso": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "words": f"{at.day} {at.strftime('%b %Y, %H:%M')} UTC"}


def day(seconds: float) -> Moment:
    """The day alone: ``3 Dec 2026``."""
    at = datetime.fromtimestamp(seconds, UTC)
    return {"iso": at.strftime("%Y-%m-%d"), "words": f"{at.day} {at.strftime('%b %Y')}"}


def duration(seconds: float) -> str:
    """``300`` as ``5 minutes``, ``3900`` as ``1 hour and 5 minutes``: in every unit that it takes."""
    rest, said = int(seconds), []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            said.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " and ".join(said) or "no time"
