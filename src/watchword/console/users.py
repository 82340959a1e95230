"""Users: a page of them, whoever is searched for, and a new one."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from watchword.admin.errors import AdminError
from watchword.admin.records import User
from watchword.admin.user_review import page_of_users
from watchword.admin.users import UserRequest, add_user
from watchword.authn.errors import OverloadedError, WeakPasswordError
from watchword.authn.password_rules import MIN_CHARACTERS
from watchword.console.moments import day
from watchword.console.pages import console_page
from watchword.console.paths import USERS
from watchword.console.user_words import status
from watchword.console.visit import Visit


async def users(visit: Visit) -> Response:
    """``GET /console/users``: by user name; ``q`` searches, ``after`` goes on after a user, ``new`` is the form."""
    if visit.asked("new"):
        return _form(visit)
    return await _page(visit)


async def create_user(visit: Visit) -> Response:
    """``POST /console/users``: make a user, and write to them if they are to be invited."""
    request = UserRequest(
        email=visit.typed("email"),
        username=visit.typed("username"),
        name=visit.typed("name"),
        roles=tuple(dict.fromkeys(visit.typed("roles").split())),
        password=visit.form.get("password"),
    )
    try:
        user = await add_user(visit.desk, request, invite=visit.form.get("invite") is not None)
    except OverloadedError as error:
        busy = _form(visit, error=error.sentence, status=503)
        busy.headers["Retry-After"] = str(error.retry_after)
        return busy
    except (AdminError, WeakPasswordError) as error:
        return _form(visit, error=error.sentence)
    return RedirectResponse(f"{USERS}/{user.id}", status_code=303)


async def _page(visit: Visit) -> Response:
    search, after = visit.asked("q"), visit.asked("after")
    found = await page_of_users(visit.desk, search=search, after=after or None)
    more = {"q": search, "after": found.users[-1].id} if found.has_more else {}
    context = {
        "url": USERS,
        "new_url": f"{USERS}?new=1",
        "rows": [_row(user, found.roles.get(user.id, ())) for user in found.users],
        "search": search,
        "total": found.total,
        "first_url": f"{USERS}?{urlencode({'q': search})}" if after else "",
        "more_url": f"{USERS}?{urlencode(more)}" if more else "",
    }
    return console_page(visit.request, visit.admitted, "users.html", context)


def _row(user: User, roles: tuple[str, ...]) -> dict[str, Any]:
    return {
        "url": f"{USERS}/{user.id}",
        "name": user.label,
        "username": user.username,
        "email": "" if user.email == user.username else user.email or "",
        "roles": list(roles),
        "created": day(user.created_at),
        **status(user),
    }


def _form(visit: Visit, *, error: str | None = None, status: int = 422) -> Response:
    """The form; what was typed comes back, the password never."""
    context = {
        "action": USERS,
        "given": {name: visit.typed(name) for name in ("email", "username", "name", "roles")},
        "invite": visit.form.get("invite") is not None,
        "can_invite": visit.desk.settings.local,
        "min_characters": MIN_CHARACTERS,
        "error": error,
    }
    return console_page(visit.request, visit.admitted, "user_new.html", context, status=status if error else 200)
