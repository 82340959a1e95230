"""The first screen: a real token protects a real endpoint, and four buttons show what it does."""

from starlette.responses import JSONResponse, Response

from watchword.client.errors import ClientError
from watchword.console import yours
from watchword.console.pages import console_page, form_page
from watchword.console.paths import CONSOLE, PLAYGROUND, START, START_BEGIN, START_YOURS
from watchword.console.playground import flow, keeping
from watchword.console.playground.keeping import Kept
from watchword.console.playground.preparation import HELLO, YOURS, prepare_start
from watchword.console.playground.preparation import START as PART
from watchword.console.start_actions import START_ACTIONS, StartAction
from watchword.console.start_view import asked_issuer, shown_answer, shown_token, start_rows
from watchword.console.visit import Visit
from watchword.console.yours_code import CODES, PORT, by_name
from watchword.errors import WatchwordError
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.response_modes.query import see_other

_ACTIONS = {action.name: action for action in START_ACTIONS}
_NO_STORE = {"Cache-Control": "no-store"}


async def show(visit: Visit) -> Response:
    """``GET /console/start``: what the present token does; without one, or when it has ended, get another first."""
    if visit.desk.settings.demo_url is None:
        return see_other(CONSOLE)
    kept = await keeping.load(visit, PART)
    if kept.run.held is None or kept.run.held.expires_at <= kept.bench.now() or flow.CALL.name not in kept.run.steps:
        return see_other(START_BEGIN)
    return _page(visit, kept, shown=visit.asked("shown"))


async def begin(visit: Visit) -> Response:
    """``GET /console/start/begin``: send the browser to the issuer for a token of the orders API."""
    if visit.desk.settings.demo_url is None:
        return see_other(CONSOLE)
    kept = await keeping.load(visit, PART)
    await prepare_start(kept.bench)
    kept.run.trials.clear()
    address = flow.begin(kept.bench, part=PART)
    await keeping.save(visit, kept)
    return see_other(address)


async def finish(visit: Visit, kept: Kept) -> Response:
    """What comes after the sign-in: redeem the code, check the ID token, call the API."""
    try:
        await flow.redeem(kept.bench)
        await flow.check_identity(kept.bench)
        await flow.call(kept.bench)
        if asked_issuer(kept.run.steps[flow.CALL.name]):
            # The API has fetched the issuer's keys at its first request: from now on it needs no network.
            await flow.call(kept.bench)
    except WatchwordError as error:
        return _trouble(visit, error)
    await keeping.save(visit, kept)
    return see_other(START)


async def act(visit: Visit) -> Response:
    """``POST /console/start``: press one of the buttons, or get a fresh token."""
    if visit.desk.settings.demo_url is None:
        return see_other(CONSOLE)
    name = visit.typed("press")
    kept = await keeping.load(visit, PART)
    try:
        if name == "renew":
            await flow.refresh(kept.bench)
            await flow.call(kept.bench)
            kept.run.trials.clear()
        elif name == "call":
            await flow.call(kept.bench)
        elif name in _ACTIONS:
            return await _press(visit, kept, _ACTIONS[name])
    except WatchwordError as error:
        return _trouble(visit, error)
    await keeping.save(visit, kept)
    return see_other(START)


async def look(visit: Visit) -> Response:
    """``POST /console/start/yours``: look out for the newcomer's own API; JSON for the script, else the page again."""
    if visit.desk.settings.demo_url is None:
        return see_other(CONSOLE)
    kept = await keeping.load(visit, PART)
    before = kept.run.to_bytes()
    try:
        seen = await yours.look(kept.bench, visit.typed("address"))
    except (ClientError, ValueError):
        seen = yours.Sighting("waiting", "there is no token to ask with: reload this page")
    kept.run.facts["seen"] = seen.to_text()
    if kept.run.to_bytes() != before:
        await keeping.save(visit, kept)
    if "application/json" in visit.request.headers.get("accept", ""):
        told = {**seen.members(), "caller": visit.admitted.user.label, "commands": yours.commands(kept.bench)}
        return JSONResponse(told, headers=_NO_STORE)
    return see_other(f"{START}#yours")


async def _press(visit: Visit, kept: Kept, action: StartAction) -> Response:
    trial = await action.run(kept.bench, visit.admitted.user.id)
    kept.run.trials[action.name] = trial
    if not action.ends:
        await keeping.save(visit, kept)
        return see_other(f"{START}?shown={action.name}")
    # Whoever pressed it is signed out by now: this page is the last they see without signing in again.
    last = _page(visit, kept, shown=action.name, ended=True)
    kept.run.begin_anew()
    await keeping.save(visit, kept)
    return last


def _page(visit: Visit, kept: Kept, *, shown: str, ended: bool = False) -> Response:
    settings, admitted = visit.desk.settings, visit.admitted
    run, code = kept.run, by_name(visit.asked("yours"))
    trial = run.trials.get(shown)
    held = run.held
    assert held is not None
    context = {
        "action": START,
        "look_action": START_YOURS,
        "playground_url": PLAYGROUND,
        "console_url": CONSOLE,
        "rows": start_rows(kept.bench, admitted),
        "token": shown_token(trial.token if trial is not None and trial.token else held.access_token),
        "answer": shown_answer(run.steps[flow.CALL.name], trial),
        "buttons": [{"key": one.name, "label": one.label, "hint": one.hint} for one in START_ACTIONS],
        "pressed": shown if trial is not None else "",
        "ended": ended,
        "codes": [{"key": one.name, "label": one.label} for one in CODES],
        "code": {"key": code.name, "install": code.install, "command": code.command, "port": PORT},
        "code_text": code.text(issuer=settings.issuer, audience=YOURS, scope=HELLO[0]),
        "address": yours.address_of(kept.bench),
        "seen": yours.Sighting.from_text(run.facts.get("seen")),
        "commands": yours.commands(kept.bench),
    }
    if ended:
        return form_page(
            visit.request, "start.html", {**context, "user_label": admitted.user.label}, scripts=True, sends=True
        )
    return console_page(visit.request, admitted, "start.html", context, scripts=True, sends=True)


def _trouble(visit: Visit, error: WatchwordError) -> Response:
    return error_page(visit.request, status=502, title="That did not work", sentence=error.sentence)
