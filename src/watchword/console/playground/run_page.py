"""The flow, live: browser, client, issuer and API, and every arrow a request that was really sent."""

from starlette.responses import Response

from watchword.console.pages import console_page
from watchword.console.paths import PLAYGROUND
from watchword.console.playground import flow, keeping
from watchword.console.playground.keeping import Kept
from watchword.console.playground.kinds import arrows_of, kind_of, next_arrow
from watchword.console.playground.tabs import tabs_of
from watchword.console.playground.wire import shown
from watchword.console.projects import ProjectKind
from watchword.console.visit import Visit
from watchword.errors import WatchwordError
from watchword.issuer.response_modes.query import see_other

LANES = (("browser", "Browser"), ("client", "Client"), ("issuer", "Issuer"), ("api", "API"))
_AGAIN = "again"


async def run(visit: Visit) -> Response:
    """``GET /console/playground/{kind}/run``: how far it is."""
    kind = kind_of(visit)
    kept = await keeping.load(visit, kind.name)
    if kept.run.player is None:
        return see_other(f"{PLAYGROUND}/{kind.name}")
    return _page(visit, kept, kind)


async def go_on(visit: Visit) -> Response:
    """``POST /console/playground/{kind}/run``: the next step, or from the beginning."""
    kind = kind_of(visit)
    kept = await keeping.load(visit, kind.name)
    if kept.run.player is None:
        return see_other(f"{PLAYGROUND}/{kind.name}")
    address = f"{PLAYGROUND}/{kind.name}/run"
    if visit.typed("press") == _AGAIN:
        kept.run.begin_anew()
        await keeping.save(visit, kept)
        return see_other(address)
    arrow = next_arrow(kind, kept.run)
    if arrow is None:
        return see_other(address)
    if arrow.take is None:
        target = flow.begin(kept.bench, part=kind.name)
        await keeping.save(visit, kept)
        return see_other(target)
    try:
        await arrow.take(kept.bench)
    except WatchwordError as error:
        # What was sent and refused is part of the story: it is kept, and shown.
        await keeping.save(visit, kept)
        return _page(visit, kept, kind, error=error.sentence)
    await keeping.save(visit, kept)
    return see_other(f"{address}?open={arrow.name}#step-{arrow.name}")


def _page(visit: Visit, kept: Kept, kind: ProjectKind, *, error: str | None = None) -> Response:
    address = f"{PLAYGROUND}/{kind.name}"
    upcoming = next_arrow(kind, kept.run)
    opened = visit.asked("open")
    steps = [
        {
            "key": arrow.name,
            "source": arrow.source,
            "target": arrow.target,
            "title": arrow.title,
            "sentence": arrow.sentence,
            "done": shown(kept.run.steps[arrow.name].exchange) if arrow.name in kept.run.steps else None,
            "next": arrow is upcoming,
            "open": arrow.name == opened,
        }
        for arrow in arrows_of(kind)
    ]
    context = {
        "kind": {"title": kind.title, "flow": kind.flow},
        "action": f"{address}/run",
        "tabs": tabs_of(kind, kept.run, here=f"{address}/run"),
        "lanes": LANES,
        "steps": steps,
        "finished": upcoming is None,
        "begun": bool(kept.run.steps),
        "again": _AGAIN,
        "attack_url": f"{address}/attack",
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "playground_run.html", context, status=502 if error else 200)
