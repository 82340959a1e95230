"""The three pages of one kind: the project, its flow live, and the attacks on it."""

from watchword.console.paths import PLAYGROUND
from watchword.console.playground.kinds import next_arrow
from watchword.console.playground.run import Run
from watchword.console.projects import ProjectKind


def tabs_of(kind: ProjectKind, run: Run, *, here: str) -> list[dict[str, str | bool]]:
    """The tabs; one that is not open yet leads nowhere.

    Args:
        kind: of the project.
        run: what has been reached in it.
        here: the address of the page they stand on.
    """
    address = f"{PLAYGROUND}/{kind.name}"
    made, done = run.player is not None, next_arrow(kind, run) is None
    tabs = (
        ("Create", address, True),
        ("Run it live", f"{address}/run", made),
        ("Attack it live", f"{address}/attack", made and done),
    )
    return [{"label": label, "url": url, "opens": opens, "current": url == here} for label, url, opens in tabs]
