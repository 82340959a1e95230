"""The audit: what was done by whom, newest first."""

from urllib.parse import urlencode

from starlette.responses import Response

from watchword.admin.audit_trail import Wanted, read_trail
from watchword.console import audit_words
from watchword.console.pages import console_page
from watchword.console.paths import AUDIT
from watchword.console.visit import Visit

_FILTERS = ("action", "actor", "target")


async def audit(visit: Visit) -> Response:
    """``GET /console/audit``: filtered by ``action``, ``actor`` and ``target``; ``before`` goes on after a row."""
    given = {name: visit.asked(name) for name in _FILTERS}
    before = visit.asked("before")
    wanted = Wanted(before=before or None, **{name: text or None for name, text in given.items()})
    trail = await read_trail(visit.desk, wanted)
    kept = {name: text for name, text in given.items() if text}
    older = {**kept, "before": trail.entries[-1].id} if trail.has_older else {}
    actions = sorted(audit_words.WORDS.items(), key=lambda item: item[1])
    context = {
        "url": AUDIT,
        "rows": audit_words.rows(trail),
        "given": given,
        "is_filtered": bool(kept),
        "actions": [{"name": name, "words": words, "chosen": name == given["action"]} for name, words in actions],
        "newest_url": f"{AUDIT}?{urlencode(kept)}" if before else "",
        "older_url": f"{AUDIT}?{urlencode(older)}" if older else "",
    }
    return console_page(visit.request, visit.admitted, "audit.html", context)
