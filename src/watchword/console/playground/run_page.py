"""The flow, live: browser, client, issuer and API, and every arrow a request that was really sent."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.console.admission import admit
from watchword.console.forms import read_trusted_form
from watchword.console.pages import console_page
from watchword.console.paths import PLAYGROUND
from watchword.console.playground import flow, keeping
from watchword.console.playground.keeping import Kept
from watchword.console.playground.kinds import arrows_of, kind_of, next_arrow
from watchword.console.playground.tabs import tabs_of
from watchword.console.playground.wire import shown
from watchword.console.projects import ProjectKind
from watchword.errors import WatchwordError
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.sessions import SignedIn

LANES = (("browser", "Browser"), ("client", "Client"), ("issuer", "Issuer"), ("api", "API"))
_AGAIN = "again"


async def run(request: Request) -> Response:
    """``GET /console/playground/{kind}/run``: how far it is; ``POST``: the next step, or from the beginning."""
    form = await read_trusted_form(request) if request.method == "POST" else None
    if isinstance(form, Response):
        return form
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    kind = kind_of(request)
    kept = await keeping.load(request, admitted, kind.name)
    if kept.run.player is None:
        return see_other(f"{PLAYGROUND}/{kind.name}")
    if form is None:
        return _page(request, admitted, kept, kind)
    if form.get("press") == _AGAIN:
        kept.run.begin_anew()
        await keeping.save(request, admitted, kept)
        return see_other(f"{PLAYGROUND}/{kind.name}/run")
    return await _step(request, admitted, kept, kind)


async def _step(request: Request, admitted: SignedIn, kept: Kept, kind: ProjectKind) -> Response:
    arrow = next_arrow(kind, kept.run)
    address = f"{PLAYGROUND}/{kind.name}/run"
    if arrow is None:
        return see_other(address)
    if arrow.take is None:
        target = flow.begin(kept.bench, part=kind.name)
        await keeping.save(request, admitted, kept)
        return see_other(target)
    try:
        await arrow.take(kept.bench)
    except WatchwordError as error:
        # What was sent and refused is part of the story: it is kept, and shown.
        await keeping.save(request, admitted, kept)
        return _page(request, admitted, kept, kind, error=error.sentence)
    await keeping.save(request, admitted, kept)
    return see_other(f"{address}?open={arrow.name}#step-{arrow.name}")


def _page(request: Request, admitted: SignedIn, kept: Kept, kind: ProjectKind, *, error: str | None = None) -> Response:
    address = f"{PLAYGROUND}/{kind.name}"
    upcoming = next_arrow(kind, kept.run)
    opened = request.query_params.get("open", "")
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
    return console_page(request, admitted, "playground_run.html", context, status=502 if error else 200)
