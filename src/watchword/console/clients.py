"""Clients: the list, and a new one."""

from typing import Any

from starlette.responses import Response

from watchword.admin.apis import list_apis
from watchword.admin.client_review import Reviewed, review_clients
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.errors import AdminError
from watchword.console.client_words import health, kind
from watchword.console.pages import console_page
from watchword.console.paths import CLIENTS
from watchword.console.secret_page import secret_page
from watchword.console.visit import Visit
from watchword.oauth.scope import STANDARD_SCOPES

KINDS = {
    "web": ("Web application", "It has a server, which keeps a secret. People sign in and come back to it."),
    "app": ("App or single page", "It runs on devices of people and can keep no secret: PKCE stands in for it."),
    "machine": ("Machine", "Nobody is there: it acts for itself, with a secret of its own, at one API."),
}


async def clients(visit: Visit) -> Response:
    """``GET /console/clients``: all of them; with ``new``, the form for that kind."""
    chosen = visit.asked("new")
    if chosen in KINDS:
        return await _form(visit, chosen)
    found = await review_clients(visit.desk)
    context = {"rows": [_row(one) for one in found], "doors": _doors()}
    return console_page(visit.request, visit.admitted, "clients.html", context)


async def create_client(visit: Visit) -> Response:
    """``POST /console/clients``: register a client and show its secret, once."""
    chosen = visit.typed("kind")
    if chosen not in KINDS:
        return await _form(visit, "web", error="the kind is one of the list")
    try:
        client, secret = await add_client(visit.desk, _request(visit, chosen))
    except AdminError as error:
        return await _form(visit, chosen, error=error.sentence)
    return secret_page(visit, title="The client is there", name=client.name, identifier=client.id, secret=secret,
                       back=f"{CLIENTS}/{client.id}")  # fmt: skip


def _request(visit: Visit, chosen: str) -> ClientRequest:
    scopes = visit.typed("scopes").split()
    if chosen == "machine":
        api = visit.typed("api")
        return ClientRequest(name=visit.typed("name"), api_scopes={api: scopes} if api else {}, default_api=api or None)
    return ClientRequest(
        name=visit.typed("name"),
        public=chosen == "app",
        redirect_uris=visit.lines("redirect_uris"),
        allowed_origins=visit.lines("origins"),
        scopes=scopes,
        default_api=visit.typed("api") or None,
    )


def _row(reviewed: Reviewed) -> dict[str, Any]:
    client = reviewed.client
    return {
        "id": client.id,
        "url": f"{CLIENTS}/{client.id}",
        "name": client.name,
        "kind": kind(client),
        "profile": client.profile,
        "is_active": client.status == "active",
        **health(reviewed.findings),
    }


def _doors() -> list[dict[str, str]]:
    return [{"label": label, "text": text, "url": f"{CLIENTS}?new={name}"} for name, (label, text) in KINDS.items()]


async def _form(visit: Visit, chosen: str, *, error: str | None = None) -> Response:
    """The form of one kind; what was typed comes back."""
    found = await list_apis(visit.desk)
    given: dict[str, Any] = {name: visit.typed(name) for name in ("name", "scopes", "api")}
    context = {
        "action": CLIENTS,
        "kind": chosen,
        "label": KINDS[chosen][0],
        "text": KINDS[chosen][1],
        "is_machine": chosen == "machine",
        "is_app": chosen == "app",
        "given": given | {"redirect_uris": visit.lines("redirect_uris"), "origins": visit.lines("origins")},
        "apis": [
            {"identifier": api.identifier, "name": api.name, "chosen": api.identifier == given["api"]} for api in found
        ],
        "offered": [*STANDARD_SCOPES, *(scope.name for api in found for scope in api.scopes)]
        if chosen != "machine"
        else [scope.name for api in found for scope in api.scopes],
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "client_new.html", context, status=422 if error else 200)
