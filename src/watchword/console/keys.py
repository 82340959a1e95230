"""Signing keys: the life of each on one scale, and the rotation by hand."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from watchword.admin.key_life import Life, SlotLives, key_lives
from watchword.admin.keys import rotate
from watchword.console.key_drawing import Scale
from watchword.console.moments import duration, moment
from watchword.console.pages import console_page
from watchword.console.paths import KEYS
from watchword.console.visit import Visit
from watchword.issuer.keys.rotation import KeyStepError, prepublication, retention

_TITLES = {
    ("token", "ES256"): ("Tokens, ES256", "Access tokens, and ID tokens of clients that asked for this algorithm."),
    ("token", "RS256"): ("Tokens, RS256", "ID tokens of all other clients."),
    ("feed", "ES256"): ("Revocation feed, ES256", "What verifiers mirror. These keys sign no tokens."),
}
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


async def _page(visit: Visit, *, error: str | None = None) -> Response:
    now = visit.desk.clock.now()
    found = await key_lives(visit.desk)
    context = {
        "action": f"{KEYS}/rotate",
        "slots": [_slot(one, now) for one in found],
        "states": [{"state": state, "words": words} for state, (words, _) in _STATES.items()],
        "lifetime": duration(visit.desk.settings.key_lifetime),
        "prepublication": duration(prepublication(visit.desk.settings)),
        "retention": duration(retention()),
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "keys.html", context, status=422 if error else 200)


def _slot(one: SlotLives, now: float) -> dict[str, Any]:
    title, text = _TITLES[one.slot]
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
