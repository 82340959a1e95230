"""The mail that a local installation would have sent: read here, and nowhere else."""

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from watchword.admin.errors import UnknownError
from watchword.admin.mail import find_mail, list_mail
from watchword.console.moments import moment
from watchword.console.navigation import sections
from watchword.console.pages import console_page
from watchword.console.paths import MAIL, USERS
from watchword.console.visit import Visit

_ADDRESS = re.compile(r"(https?://[^\s<>\"]+)")
_PURPOSES = {
    "invitation": "Invitation",
    "password_changed": "Password changed",
    "account_disabled": "Account disabled",
}


async def mail(visit: Visit) -> Response:
    """``GET /console/mail``: newest first."""
    _check_offered(visit)
    rows = [
        {
            "url": f"{MAIL}/{one.id}",
            "recipient": one.recipient,
            "subject": one.subject,
            "purpose": _PURPOSES.get(one.purpose, one.purpose),
            "at": moment(one.created_at),
        }
        for one in await list_mail(visit.desk)
    ]
    return console_page(visit.request, visit.admitted, "mail.html", {"rows": rows})


async def letter(visit: Visit) -> Response:
    """``GET /console/mail/{id}``: one of them, as text."""
    _check_offered(visit)
    found = await find_mail(visit.desk, visit.thing)
    context = {
        "back_url": MAIL,
        "subject": found.subject,
        "recipient": found.recipient,
        "recipient_url": f"{USERS}/{found.user_id}" if found.user_id is not None else "",
        "purpose": _PURPOSES.get(found.purpose, found.purpose),
        "at": moment(found.created_at),
        "until": moment(found.expires_at),
        "parts": parts(found.body, visit.desk.settings.origin),
    }
    return console_page(visit.request, visit.admitted, "letter.html", context)


def parts(body: str, origin: str) -> list[dict[str, Any]]:
    """The text in pieces; those that are addresses of ours, and only those, may be clicked."""
    return [{"text": piece, "url": piece if _is_ours(piece, origin) else ""} for piece in _ADDRESS.split(body) if piece]


def _is_ours(piece: str, origin: str) -> bool:
    try:
        parsed = urlsplit(piece)
    except ValueError:
        return False
    return bool(parsed.netloc) and f"{parsed.scheme}://{parsed.netloc}" == origin


def _check_offered(visit: Visit) -> None:
    if MAIL not in {section.path for section in sections(visit.desk.settings)}:
        raise UnknownError("this installation shows no mail")
