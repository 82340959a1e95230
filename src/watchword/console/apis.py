"""APIs: the list, and a new one."""

from collections.abc import Sequence

from starlette.responses import Response

from watchword.admin.apis import add_api, list_apis
from watchword.admin.errors import AdminError
from watchword.admin.records import Scope
from watchword.console.moments import duration
from watchword.console.pages import console_page
from watchword.console.paths import APIS
from watchword.console.secret_page import secret_page
from watchword.console.visit import Visit


async def apis(visit: Visit) -> Response:
    """``GET /console/apis``: all of them, and the form for another."""
    return await _page(visit)


async def create_api(visit: Visit) -> Response:
    """``POST /console/apis``: register an API and, if it asked for one, show its secret, once."""
    with_secret = visit.form.get("with_secret") is not None
    try:
        api, secret = await add_api(
            visit.desk,
            identifier=visit.typed("identifier"),
            name=visit.typed("name"),
            scopes=scopes(visit.lines("scopes")),
            with_secret=with_secret,
        )
    except AdminError as error:
        return await _page(visit, error=error.sentence)
    return secret_page(visit, title="The API is there", name=api.name, identifier=api.id, secret=secret,
                       back=f"{APIS}/{api.id}")  # fmt: skip


def scopes(lines: Sequence[str]) -> tuple[Scope, ...]:
    """Each line's first word is the scope's name, the rest says what it allows."""
    parted = (line.partition(" ") for line in lines)
    return tuple(Scope(name, text.strip()) for name, _, text in parted)


async def _page(visit: Visit, *, error: str | None = None) -> Response:
    found = await list_apis(visit.desk)
    rows = [
        {
            "url": f"{APIS}/{api.id}",
            "name": api.name,
            "identifier": api.identifier,
            "scopes": [scope.name for scope in api.scopes],
            "lifetime": duration(min(api.token_lifetime, visit.desk.settings.access_token_lifetime)),
            "is_active": api.status == "active",
        }
        for api in found
    ]
    given = {
        "identifier": visit.typed("identifier"),
        "name": visit.typed("name"),
        "scopes": visit.lines("scopes"),
        "with_secret": visit.form.get("with_secret") is not None,
    }
    context = {"action": APIS, "rows": rows, "given": given, "error": error}
    return console_page(visit.request, visit.admitted, "apis.html", context, status=422 if error else 200)
