"""Signing keys: the life of each on one scale, and the rotation by hand."""

from collections.abc import Awaitable
from typing import Any

from starlette.responses import RedirectResponse, Response

from watchword.admin.errors import InvalidRequestError, UnknownError
from watchword.admin.key_life import Life, SlotLives, key_lives
from watchword.admin.keys import (
    HeldAlgorithm,
    add_algorithm,
    algorithms_to_add,
    compromise,
    list_algorithms,
    remove_algorithm,
    rotate,
    use_by_default,
)
from watchword.console.key_drawing import Scale
from watchword.console.moments import duration, moment
from watchword.console.pages import console_page
from watchword.console.paths import KEYS
from watchword.console.visit import Visit
from watchword.issuer.keys.rotation import KeyStepError, prepublication, retention

_TITLES = {
    ("feed", "ES256"): ("Revocation feed, ES256", "What verifiers mirror. These keys sign no tokens."),
}
_TEXT = "What these sign, and for whom, stands under Algorithms."
_STATES = {
    "next": ("Published", "status"),
    "active": ("Signs", "status-good"),
    "retiring": ("Still accepted", "status-warn"),
    "retired": ("Retired", "status"),
    "compromised": ("Compromised", "status-error"),
}
_NEXT = {
    "active": "signs from then on",
    "retiring": "signs no more, and is still accepted",
    "retired": "leaves the published keys",
}


async def keys(visit: Visit) -> Response:
    """``GET /console/keys``."""
    return await _page(visit)


async def rotate_keys(visit: Visit) -> Response:
    """``POST /console/keys/rotate``: let the published successor sign from now on."""
    try:
        await rotate(visit.desk, visit.typed("algorithm"))
    except KeyStepError as error:
        return await _page(visit, error=error.sentence)
    return RedirectResponse(KEYS, status_code=303)


async def compromise_key(visit: Visit) -> Response:
    """``POST /console/keys/compromise``: refuse whatever a key signed; only when it is meant."""
    if visit.typed("sure") != "yes":
        return await _page(visit, error="tick that the key is to be withdrawn: everybody with a token of it notices")
    return await _changed(visit, compromise(visit.desk, visit.typed("kid")))


async def add_key_algorithm(visit: Visit) -> Response:
    """``POST /console/keys/algorithms``: one more, published first."""
    return await _changed(visit, add_algorithm(visit.desk, visit.typed("algorithm")))


async def remove_key_algorithm(visit: Visit) -> Response:
    """``POST /console/keys/algorithms/remove``: one less, if nothing needs it."""
    return await _changed(visit, remove_algorithm(visit.desk, visit.typed("algorithm")))


async def default_key_algorithm(visit: Visit) -> Response:
    """``POST /console/keys/algorithms/default``: what signs access tokens whose API chose nothing."""
    return await _changed(visit, use_by_default(visit.desk, visit.typed("algorithm")))


async def _changed(visit: Visit, change: Awaitable[object]) -> Response:
    try:
        await change
    except (KeyStepError, InvalidRequestError, UnknownError) as error:
        return await _page(visit, error=error.sentence)
    return RedirectResponse(KEYS, status_code=303)


async def _page(visit: Visit, *, error: str | None = None) -> Response:
    now = visit.desk.clock.now()
    found, held = await key_lives(visit.desk), await list_algorithms(visit.desk)
    context = {
        "action": f"{KEYS}/rotate",
        "compromise_action": f"{KEYS}/compromise",
        "algorithms_action": f"{KEYS}/algorithms",
        "algorithms": [_algorithm(one) for one in held],
        "addable": algorithms_to_add(held),
        "at_risk": [_at_risk(life) for one in found for life in one.lives if life.key.state != "compromised"],
        "slots": [_slot(one, now) for one in found],
        "states": [{"state": state, "words": words} for state, (words, _) in _STATES.items()],
        "lifetime": duration(visit.desk.settings.key_lifetime),
        "prepublication": duration(prepublication(visit.desk.settings)),
        "retention": duration(retention()),
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "keys.html", context, status=422 if error else 200)


def _slot(one: SlotLives, now: float) -> dict[str, Any]:
    title, text = _TITLES.get(one.slot, (f"Tokens, {one.slot.algorithm}", _TEXT))
    scale = Scale.around(one.lives, now)
    waits = one.rotates_from is not None and one.rotates_from > now
    return {
        "id": f"{one.slot.purpose}-{one.slot.algorithm}",
        "title": title,
        "text": text,
        "algorithm": one.slot.algorithm,
        "can_ask": one.slot.purpose == "token",
        "can_rotate": one.rotates_from is not None and not waits,
        "waits_until": moment(one.rotates_from) if waits and one.rotates_from is not None else None,
        "begins": moment(scale.begins),
        "ends": moment(scale.ends),
        "now_at": scale.place(now),
        "keys": [_key(life, scale, now) for life in one.lives],
    }


def _algorithm(one: HeldAlgorithm) -> dict[str, Any]:
    return {
        "name": one.name,
        "signs": one.signs,
        "signs_from": None if one.signs_from is None else moment(one.signs_from),
        "is_default": one.is_default,
        "apis": list(one.apis),
        "clients": list(one.clients),
        "can_go": not (one.is_default or one.apis or one.clients),
        "can_be_default": one.signs and not one.is_default,
    }


def _at_risk(life: Life) -> dict[str, str]:
    key = life.key
    purpose = "feed" if key.purpose == "feed" else "tokens"
    return {"kid": key.kid, "words": f"{key.kid[:8]}…, {purpose}, {key.algorithm}: {_STATES[key.state][0].lower()}"}


def _key(life: Life, scale: Scale, now: float) -> dict[str, Any]:
    words, kind = _STATES[life.key.state]
    upcoming = life.next_after(now)
    times = {stretch.state: stretch.begins for stretch in life.stretches}
    return {
        "kid": life.key.kid,
        "short": life.key.kid[:8],
        "state": words,
        "status": kind,
        "bars": scale.bars(life, now),
        "published": _planned(times.get("next"), now),
        "active": _planned(times.get("active"), now),
        "retiring": _planned(times.get("retiring"), now),
        "gone": _planned(times.get("compromised", times.get("retired")), now),
        "then": "" if upcoming is None else _NEXT[upcoming.state],
        "then_at": None if upcoming is None else moment(upcoming.begins),
    }


def _planned(at: float | None, now: float) -> dict[str, Any] | None:
    return None if at is None else {"at": moment(at), "is_planned": at > now}
