"""The landing page: who you are, and what answers here."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.admin.overview import overview
from watchword.console import audit_words, session
from watchword.console.admission import admit
from watchword.console.desk import desk_of
from watchword.console.forms import read_trusted_form
from watchword.console.pages import console_page
from watchword.console.paths import APIS, AUDIT, CLIENTS, INSPECT, KEYS, USERS
from watchword.issuer import sessions
from watchword.issuer.endpoints import paths
from watchword.issuer.requests import issuer_of
from watchword.issuer.settings import IssuerSettings
from watchword.oauth import metadata


async def home(request: Request) -> Response:
    """``GET /console``: for administrators; who is not signed in is sent to sign in."""
    admitted = await admit(request)
    if isinstance(admitted, Response):
        return admitted
    issuer = issuer_of(request)
    found = await overview(desk_of(request))
    context = {
        "issuer": issuer.settings.issuer,
        "keys": [
            {
                "what": one.what,
                "found": one.found,
                "next_step": one.next_step or "",
                "is_ok": one.verdict == "ok",
                "is_problem": one.verdict == "problem",
            }
            for one in found.keys
        ],
        "is_well": all(one.verdict != "problem" for one in found.keys),
        "keys_url": KEYS,
        "counts": [
            {"number": found.users, "label": "User" if found.users == 1 else "Users", "url": USERS},
            {"number": found.clients, "label": "Client" if found.clients == 1 else "Clients", "url": CLIENTS},
            {"number": found.apis, "label": "API" if found.apis == 1 else "APIs", "url": APIS},
        ],
        "newest": audit_words.rows(found.newest),
        "audit_url": AUDIT,
        "inspect_url": INSPECT,
        "demo_url": issuer.settings.demo_url,
        "rows": _rows(issuer.settings),
    }
    return console_page(request, admitted, "console_home.html", context)


async def sign_out(request: Request) -> Response:
    """``POST /console/sign-out``: end this browser's session."""
    form = await read_trusted_form(request)
    if isinstance(form, Response):
        return form
    response = RedirectResponse(paths.LOGGED_OUT, status_code=303)
    await session.end(request, response)
    await sessions.end(request, response)
    return response


def _rows(settings: IssuerSettings) -> list[dict[str, str | bool]]:
    """What answers at which address; the issuer itself is a name, not a page."""
    rows: list[dict[str, str | bool]] = [
        {"label": "Issuer", "url": settings.issuer, "opens": False},
        {"label": "OpenID configuration", "url": settings.url(metadata.OPENID_CONFIGURATION), "opens": True},
        {"label": "Public keys", "url": settings.url(paths.JWKS), "opens": True},
    ]
    if settings.demo_url:
        rows.append({"label": "Orders demo", "url": settings.demo_url, "opens": True})
    return rows
