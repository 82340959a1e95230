"""Attacks on the flow, live: what is sent, what is answered, and why."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.console.admission import admit
from watchword.console.forms import read_trusted_form
from watchword.console.pages import console_page
from watchword.console.paths import PLAYGROUND
from watchword.console.playground import keeping
from watchword.console.playground.attacks.attack import Attack
from watchword.console.playground.keeping import Kept
from watchword.console.playground.kinds import attacks_on, kind_of, missing_for, next_arrow
from watchword.console.playground.run import Trial
from watchword.console.playground.tabs import tabs_of
from watchword.console.playground.wire import shown
from watchword.console.projects import ProjectKind
from watchword.errors import WatchwordError
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.sessions import SignedIn


async def attack(request: Request) -> Response:
    """``GET /console/playground/{kind}/attack``: the list and one outcome; ``POST``: try one."""
    form = await read_trusted_form(request) if request.method == "POST" else None
    if isinstance(form, Response):
        return form
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    kind = kind_of(request)
    kept = await keeping.load(request, admitted, kind.name)
    address = f"{PLAYGROUND}/{kind.name}"
    if kept.run.player is None or (form is None and next_arrow(kind, kept.run) is not None and not kept.run.trials):
        return see_other(f"{address}/run")
    name = request.query_params.get("shown", "") if form is None else form.get("press") or ""
    chosen = next((one for one in attacks_on(kind) if one.name == name), None)
    if form is None or chosen is None:
        return _page(request, admitted, kept, kind, chosen)
    if missing_for(chosen, kept.run):
        return _page(
            request, admitted, kept, kind, chosen, error="there are no tokens for it: run the flow again first"
        )
    try:
        kept.run.trials[name] = await chosen.run(kept.bench)
    except WatchwordError as error:
        await keeping.save(request, admitted, kept)
        return _page(request, admitted, kept, kind, chosen, error=error.sentence)
    if chosen.ends_the_run:
        kept.run.held = None
        kept.run.steps.clear()
    await keeping.save(request, admitted, kept)
    return see_other(f"{address}/attack?shown={name}#outcome")


def _page(
    request: Request,
    admitted: SignedIn,
    kept: Kept,
    kind: ProjectKind,
    chosen: Attack | None,
    *,
    error: str | None = None,
) -> Response:
    address = f"{PLAYGROUND}/{kind.name}"
    trials = kept.run.trials
    context = {
        "kind": {"title": kind.title, "flow": kind.flow},
        "action": f"{address}/attack",
        "run_url": f"{address}/run",
        "tabs": tabs_of(kind, kept.run, here=f"{address}/attack"),
        "attacks": [
            {
                "key": one.name,
                "title": one.title,
                "url": f"{address}/attack?shown={one.name}#outcome",
                "state": _state(trials.get(one.name)),
                "current": one is chosen,
            }
            for one in attacks_on(kind)
        ],
        "tried": len(trials),
        "chosen": None if chosen is None else _outcome(chosen, trials.get(chosen.name)),
        "ended": next_arrow(kind, kept.run) is not None,
        "error": error,
    }
    return console_page(request, admitted, "playground_attack.html", context, status=409 if error else 200)


def _state(trial: Trial | None) -> str:
    if trial is None:
        return "untried"
    return "held" if trial.held else "broken"


def _outcome(chosen: Attack, trial: Trial | None) -> dict[str, object]:
    return {
        "key": chosen.name,
        "title": chosen.title,
        "sentence": chosen.sentence,
        "why": chosen.why,
        "sources": [{"label": source.label, "url": source.url} for source in chosen.sources],
        "ends": chosen.ends_the_run,
        "state": _state(trial),
        "code": "" if trial is None else trial.code,
        "note": "" if trial is None else trial.note,
        "steps": []
        if trial is None
        else [
            {
                "source": step.source,
                "target": step.target,
                "title": step.title,
                "sentence": step.sentence,
                "done": shown(step.exchange),
            }
            for step in trial.steps
        ],
    }
