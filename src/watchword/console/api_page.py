"""One API: its scopes, its tokens' lifetime, its secret, and who asks for it."""

from starlette.responses import RedirectResponse, Response

from watchword.admin import api_changes, status_list_choice
from watchword.admin.algorithm_choice import choose_for_api
from watchword.admin.errors import InvalidRequestError, TakenError
from watchword.admin.keys import choosable_algorithms
from watchword.admin.records import Scope
from watchword.console import audit_words
from watchword.console.client_words import kind
from watchword.console.moments import duration, moment
from watchword.console.pages import console_page
from watchword.console.paths import APIS, AUDIT, CLIENTS
from watchword.console.secret_page import secret_page
from watchword.console.visit import Visit
from watchword.issuer.keys.rotation import KeyStepError


async def api(visit: Visit) -> Response:
    """``GET /console/apis/{id}``."""
    return await _page(visit)


async def edit_api(visit: Visit) -> Response:
    """``POST /console/apis/{id}/edit``: another name, lifetime or algorithm, and whether there is a status list."""
    typed = visit.typed("token_lifetime")
    lifetime = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    try:
        await api_changes.change_api(visit.desk, visit.thing, name=visit.typed("name"), token_lifetime=lifetime)
        chosen = visit.typed("signing_alg")
        if chosen:
            await choose_for_api(visit.desk, visit.thing, None if chosen == "default" else chosen)
        told = visit.typed("status_list")
        if told:
            await status_list_choice.choose_for_api(visit.desk, visit.thing, wanted=told == "yes")
    except (InvalidRequestError, KeyStepError) as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def add_api_scope(visit: Visit) -> Response:
    """``POST /console/apis/{id}/scopes``: one more scope."""
    scope = Scope(visit.typed("scope"), visit.typed("description"))
    try:
        await api_changes.add_scope(visit.desk, visit.thing, scope)
    except (InvalidRequestError, TakenError) as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def describe_api_scope(visit: Visit) -> Response:
    """``POST /console/apis/{id}/describe``: what people read of a scope before they consent."""
    scope = Scope(visit.typed("scope"), visit.typed("description"))
    await api_changes.describe_scope(visit.desk, visit.thing, scope)
    return _back(visit)


async def renew_api_secret(visit: Visit) -> Response:
    """``POST /console/apis/{id}/secret``: another secret; the old one is dead at once."""
    secret = await api_changes.new_api_secret(visit.desk, visit.thing)
    found = (await api_changes.api_file(visit.desk, visit.thing)).api
    return secret_page(visit, title="The API has a new secret", name=found.name, identifier=found.id, secret=secret,
                       back=f"{APIS}/{found.id}")  # fmt: skip


def _back(visit: Visit) -> Response:
    return RedirectResponse(f"{APIS}/{visit.thing}", status_code=303)


async def _page(visit: Visit, *, error: str | None = None) -> Response:
    file = await api_changes.api_file(visit.desk, visit.thing)
    found = file.api
    limit = visit.desk.settings.access_token_lifetime
    context = {
        "url": f"{APIS}/{found.id}",
        "back_url": APIS,
        "id": found.id,
        "name": found.name,
        "identifier": found.identifier,
        "is_active": found.status == "active",
        "created": moment(found.created_at),
        "lifetime": duration(min(found.token_lifetime, limit)),
        "is_capped": found.token_lifetime > limit,
        "signing_alg": found.signing_alg or "",
        "algorithms": [
            {"name": name, "chosen": name == found.signing_alg} for name in await choosable_algorithms(visit.desk)
        ],
        "token_lifetime": str(found.token_lifetime),
        "has_status_list": found.status_list,
        "scopes": [{"name": scope.name, "description": scope.description} for scope in found.scopes],
        "has_secret": found.secret_hash is not None,
        "clients": [
            {"name": client.name, "kind": kind(client), "url": f"{CLIENTS}/{client.id}"} for client in file.clients
        ],
        "given": {name: visit.typed(name) for name in ("scope", "description")},
        "history": audit_words.rows(file.history),
        "history_url": f"{AUDIT}?target={found.id}" if file.history.has_older else "",
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "api.html", context, status=422 if error else 200)
