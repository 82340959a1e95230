"""Attacks on the flow, live: what is sent, what is answered, and why."""

from starlette.responses import Response

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
from watchword.console.visit import Visit
from watchword.errors import WatchwordError
from watchword.issuer.response_modes.query import see_other


async def attacks(visit: Visit) -> Response:
    """``GET /console/playground/{kind}/attack``: the list, and the outcome of one."""
    kind = kind_of(visit)
    kept = await keeping.load(visit, kind.name)
    if kept.run.player is None or (next_arrow(kind, kept.run) is not None and not kept.run.trials):
        return see_other(f"{PLAYGROUND}/{kind.name}/run")
    return _page(visit, kept, kind, _named(kind, visit.asked("shown")))


async def attack(visit: Visit) -> Response:
    """``POST /console/playground/{kind}/attack``: try one."""
    kind = kind_of(visit)
    kept = await keeping.load(visit, kind.name)
    address = f"{PLAYGROUND}/{kind.name}"
    chosen = _named(kind, visit.typed("press"))
    if kept.run.player is None or chosen is None:
        return see_other(f"{address}/attack")
    if missing_for(chosen, kept.run):
        return _page(visit, kept, kind, chosen, error="there are no tokens for it: run the flow again first")
    try:
        kept.run.trials[chosen.name] = await chosen.run(kept.bench)
    except WatchwordError as error:
        await keeping.save(visit, kept)
        return _page(visit, kept, kind, chosen, error=error.sentence)
    if chosen.ends_the_run:
        kept.run.begin_anew()
    await keeping.save(visit, kept)
    return see_other(f"{address}/attack?shown={chosen.name}#outcome")


def _named(kind: ProjectKind, name: str) -> Attack | None:
    return next((one for one in attacks_on(kind) if one.name == name), None)


def _page(
    visit: Visit,
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
    return console_page(visit.request, visit.admitted, "playground_attack.html", context, status=409 if error else 200)


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
