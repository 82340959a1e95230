"""The first screen: a real token protects a real endpoint, and four buttons show what it does."""

import shlex

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.client.errors import ClientError
from watchword.console import yours
from watchword.console.admission import admit
from watchword.console.forms import read_trusted_form
from watchword.console.pages import console_page, form_page
from watchword.console.paths import CONSOLE, PLAYGROUND, START, START_BEGIN, START_YOURS
from watchword.console.playground import flow, keeping
from watchword.console.playground.keeping import Kept
from watchword.console.playground.preparation import HELLO, YOURS, prepare_start
from watchword.console.playground.preparation import START as PART
from watchword.console.start_actions import START_ACTIONS, StartAction
from watchword.console.start_view import asked_issuer, shown_answer, shown_token, start_rows
from watchword.console.yours_code import CODES, by_name
from watchword.errors import WatchwordError
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.requests import issuer_of
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.sessions import SignedIn

_ACTIONS = {action.name: action for action in START_ACTIONS}
_NO_STORE = {"Cache-Control": "no-store"}


async def page(request: Request) -> Response:
    """``GET`` and ``POST /console/start``."""
    return await (act(request) if request.method == "POST" else show(request))


async def show(request: Request) -> Response:
    """``GET /console/start``: what the present token does; without one, or when it has ended, get another first."""
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    if issuer_of(request).settings.demo_url is None:
        return see_other(CONSOLE)
    kept = await keeping.load(request, admitted, PART)
    if kept.run.held is None or kept.run.held.expires_at <= kept.bench.now() or flow.CALL.name not in kept.run.steps:
        return see_other(START_BEGIN)
    return _page(request, admitted, kept, shown=request.query_params.get("shown", ""))


async def begin(request: Request) -> Response:
    """``GET /console/start/begin``: send the browser to the issuer for a token of the orders API."""
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    if issuer_of(request).settings.demo_url is None:
        return see_other(CONSOLE)
    kept = await keeping.load(request, admitted, PART)
    await prepare_start(kept.bench)
    address = flow.begin(kept.bench, part=PART)
    await keeping.save(request, admitted, kept)
    return see_other(address)


async def finish(request: Request, admitted: SignedIn, kept: Kept) -> Response:
    """What comes after the sign-in: redeem the code, check the ID token, call the API."""
    try:
        await flow.redeem(kept.bench)
        await flow.check_identity(kept.bench)
        await flow.call(kept.bench)
        if asked_issuer(kept.run.steps[flow.CALL.name]):
            # The API has fetched the issuer's keys at its first request: from now on it needs no network.
            await flow.call(kept.bench)
    except WatchwordError as error:
        return _trouble(request, error)
    await keeping.save(request, admitted, kept)
    return see_other(START)


async def act(request: Request) -> Response:
    """``POST /console/start``: press one of the buttons, or get a fresh token."""
    form = await read_trusted_form(request)
    if isinstance(form, Response):
        return form
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    if issuer_of(request).settings.demo_url is None:
        return see_other(CONSOLE)
    name = form.get("press") or ""
    kept = await keeping.load(request, admitted, PART)
    try:
        if name == "renew":
            await flow.refresh(kept.bench)
            await flow.call(kept.bench)
            kept.run.trials.clear()
        elif name == "call":
            await flow.call(kept.bench)
        elif name in _ACTIONS:
            return await _press(request, admitted, kept, _ACTIONS[name])
    except WatchwordError as error:
        return _trouble(request, error)
    await keeping.save(request, admitted, kept)
    return see_other(START)


async def look(request: Request) -> Response:
    """``POST /console/start/yours``: look out for the newcomer's own API; JSON for the script, else the page again."""
    form = await read_trusted_form(request)
    if isinstance(form, Response):
        return form
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    if issuer_of(request).settings.demo_url is None:
        return see_other(CONSOLE)
    kept = await keeping.load(request, admitted, PART)
    before = kept.run.to_bytes()
    try:
        seen = await yours.look(kept.bench, (form.get("address") or "").strip())
    except (ClientError, ValueError):
        seen = yours.Sighting("waiting", "there is no token to ask with: reload this page")
    kept.run.facts["seen"] = seen.to_text()
    if kept.run.to_bytes() != before:
        await keeping.save(request, admitted, kept)
    if "application/json" in request.headers.get("accept", ""):
        told = {**seen.members(), "caller": admitted.user.label}
        return JSONResponse(told, headers=_NO_STORE)
    return see_other(f"{START}#yours")


async def _press(request: Request, admitted: SignedIn, kept: Kept, action: StartAction) -> Response:
    trial = await action.run(kept.bench, admitted.user.id)
    kept.run.trials[action.name] = trial
    if not action.ends:
        await keeping.save(request, admitted, kept)
        return see_other(f"{START}?shown={action.name}")
    # Whoever pressed it is signed out by now: this page is the last they see without signing in again.
    last = _page(request, admitted, kept, shown=action.name, ended=True)
    kept.run.begin_anew()
    await keeping.save(request, admitted, kept)
    return last


def _page(request: Request, admitted: SignedIn, kept: Kept, *, shown: str, ended: bool = False) -> Response:
    settings = issuer_of(request).settings
    run, code = kept.run, by_name(request.query_params.get("yours"))
    trial = run.trials.get(shown)
    held = run.held
    assert held is not None
    own_token = run.facts.get("other_token", "")
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
        "code": {"key": code.name, "install": code.install, "command": code.command},
        "code_text": code.text(issuer=settings.issuer, audience=YOURS, scope=HELLO[0]),
        "address": yours.address_of(kept.bench),
        # For a shell, to which `&` and `;` of a query would be commands.
        "address_word": shlex.quote(yours.address_of(kept.bench)),
        "seen": yours.Sighting.from_text(run.facts.get("seen")),
        "own_token": own_token,
    }
    if ended:
        return form_page(
            request, "start.html", {**context, "user_label": admitted.user.label}, scripts=True, sends=True
        )
    return console_page(request, admitted, "start.html", context, scripts=True, sends=True)


def _trouble(request: Request, error: WatchwordError) -> Response:
    return error_page(request, status=502, title="That did not work", sentence=error.sentence)
