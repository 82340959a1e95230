"""One client: how it is, what it may do, and what is done with it."""

from starlette.responses import RedirectResponse, Response

from watchword.admin import client_changes, client_review
from watchword.admin.algorithm_choice import choose_for_client
from watchword.admin.client_changes import ClientChange
from watchword.admin.clients import new_secret
from watchword.admin.errors import InvalidRequestError
from watchword.admin.keys import id_token_algorithms
from watchword.console import audit_words
from watchword.console.client_words import facts, findings, health, kind
from watchword.console.moments import moment
from watchword.console.pages import console_page
from watchword.console.paths import AUDIT, CLIENTS
from watchword.console.secret_page import secret_page
from watchword.console.visit import Visit


async def client(visit: Visit) -> Response:
    """``GET /console/clients/{id}``."""
    return await _page(visit)


async def edit_client(visit: Visit) -> Response:
    """``POST /console/clients/{id}/edit``: other addresses, origins, scopes or another name."""
    change = ClientChange(
        name=visit.typed("name"),
        redirect_uris=visit.lines("redirect_uris"),
        post_logout_redirect_uris=visit.lines("post_logout_redirect_uris"),
        allowed_origins=visit.lines("origins"),
        scopes=tuple(dict.fromkeys(visit.typed("scopes").split())),
    )
    try:
        await client_changes.change_client(visit.desk, visit.thing, change)
    except InvalidRequestError as error:
        return await _page(visit, given=change, error=error.sentence)
    return _back(visit)


async def choose_client_algorithm(visit: Visit) -> Response:
    """``POST /console/clients/{id}/algorithm``: what signs its ID tokens from now on."""
    try:
        await choose_for_client(visit.desk, visit.thing, visit.typed("algorithm"))
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def mend_client(visit: Visit) -> Response:
    """``POST /console/clients/{id}/mend``: the click that mends one risk."""
    try:
        await client_review.mend(visit.desk, visit.thing, visit.typed("check"))
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def renew_client_secret(visit: Visit) -> Response:
    """``POST /console/clients/{id}/secret``: another secret; the old one is dead at once."""
    try:
        secret = await new_secret(visit.desk, visit.thing)
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    file = await client_review.client_file(visit.desk, visit.thing)
    return secret_page(visit, title="The client has a new secret", name=file.client.name, identifier=file.client.id,
                       secret=secret, back=f"{CLIENTS}/{file.client.id}")  # fmt: skip


async def disable_client(visit: Visit) -> Response:
    """``POST /console/clients/{id}/disable``: what it holds ends with the same transaction."""
    try:
        await client_changes.disable_client(visit.desk, visit.thing)
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def enable_client(visit: Visit) -> Response:
    """``POST /console/clients/{id}/enable``."""
    try:
        await client_changes.enable_client(visit.desk, visit.thing)
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


def _back(visit: Visit) -> Response:
    return RedirectResponse(f"{CLIENTS}/{visit.thing}", status_code=303)


async def _page(visit: Visit, *, given: ClientChange | None = None, error: str | None = None) -> Response:
    file = await client_review.client_file(visit.desk, visit.thing)
    found = file.client
    shown = given or found
    context = {
        "url": f"{CLIENTS}/{found.id}",
        "back_url": CLIENTS,
        "id": found.id,
        "name": found.name,
        "kind": kind(found),
        "is_active": found.status == "active",
        "has_secret": found.auth_method.startswith("client_secret_"),
        "signs_in": "authorization_code" in found.grant_types,
        "algorithms": [
            {"name": name, "chosen": name == found.id_token_alg} for name in await id_token_algorithms(visit.desk)
        ],
        "created": moment(found.created_at),
        "facts": facts(file),
        "findings": findings(file.findings),
        **health(file.findings),
        "given": {
            "name": shown.name,
            "redirect_uris": list(shown.redirect_uris),
            "post_logout_redirect_uris": list(shown.post_logout_redirect_uris),
            "origins": list(shown.allowed_origins),
            "scopes": " ".join(shown.scopes),
        },
        "is_editing": given is not None,
        "history": audit_words.rows(file.history),
        "history_url": f"{AUDIT}?target={found.id}" if file.history.has_older else "",
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "client.html", context, status=422 if error else 200)
