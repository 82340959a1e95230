"""One user: what is known of them, what they hold, and what is done about it."""

from starlette.responses import RedirectResponse, Response

from watchword.admin import revocation, user_changes, user_review
from watchword.admin import users as admin_users
from watchword.admin.errors import InvalidRequestError
from watchword.admin.users import ADMIN_ROLE
from watchword.authn.errors import OverloadedError, WeakPasswordError
from watchword.authn.password_rules import MIN_CHARACTERS
from watchword.console import audit_words, user_words
from watchword.console.moments import moment
from watchword.console.pages import console_page
from watchword.console.paths import AUDIT, USERS
from watchword.console.visit import Visit


async def user(visit: Visit) -> Response:
    """``GET /console/users/{id}``."""
    return await _page(visit)


async def set_user_password(visit: Visit) -> Response:
    """``POST /console/users/{id}/password``: what they held under the old one ends."""
    try:
        await admin_users.set_password(visit.desk, visit.thing, visit.form.get("password") or "")
    except OverloadedError as error:
        busy = await _page(visit, error=error.sentence, status=503)
        busy.headers["Retry-After"] = str(error.retry_after)
        return busy
    except WeakPasswordError as error:
        return await _page(visit, error=error.sentence, is_setting_password=True)
    return _back(visit)


async def disable_user(visit: Visit) -> Response:
    """``POST /console/users/{id}/disable``: sessions, grants and tokens end with the same transaction."""
    try:
        await admin_users.disable_user(visit.desk, visit.thing)
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def enable_user(visit: Visit) -> Response:
    """``POST /console/users/{id}/enable``."""
    try:
        await user_changes.enable_user(visit.desk, visit.thing)
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def add_user_role(visit: Visit) -> Response:
    """``POST /console/users/{id}/roles``: one more role."""
    try:
        await user_changes.add_role(visit.desk, visit.thing, visit.typed("role"))
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def remove_user_role(visit: Visit) -> Response:
    """``POST /console/users/{id}/roles/remove``: a role less; nobody takes the last admin's."""
    try:
        await user_changes.remove_role(visit.desk, visit.thing, visit.typed("role"))
    except InvalidRequestError as error:
        return await _page(visit, error=error.sentence)
    return _back(visit)


async def sign_user_out(visit: Visit) -> Response:
    """``POST /console/users/{id}/sign-out``: everywhere, and every token is refused."""
    await revocation.revoke_user(visit.desk, visit.thing)
    return _back(visit)


async def withdraw_user_consent(visit: Visit) -> Response:
    """``POST /console/users/{id}/consents/withdraw``: what one client was allowed, and holds for them."""
    await revocation.revoke_consent(visit.desk, visit.thing, visit.typed("client_id"))
    return _back(visit)


def _back(visit: Visit) -> Response:
    return RedirectResponse(f"{USERS}/{visit.thing}", status_code=303)


async def _page(
    visit: Visit, *, error: str | None = None, status: int = 422, is_setting_password: bool = False
) -> Response:
    file = await user_review.user_file(visit.desk, visit.thing)
    found = file.user
    changed = found.password_changed_at
    context = {
        "url": f"{USERS}/{found.id}",
        "back_url": USERS,
        "id": found.id,
        "name": found.label,
        "username": found.username,
        "is_you": found.id == visit.admitted.user.id,
        "is_disabled": found.status == "disabled",
        "created": moment(found.created_at),
        "password_set": None if changed is None else moment(changed),
        "claims": user_words.claims(found),
        "roles": [{"name": role, "is_admin": role == ADMIN_ROLE} for role in file.roles],
        "sessions": user_words.sessions(file),
        "consents": user_words.consents(file),
        "grants": user_words.grants(file),
        "min_characters": MIN_CHARACTERS,
        "is_told": visit.desk.settings.local and found.email is not None,
        "is_setting_password": is_setting_password,
        "history": audit_words.rows(file.history),
        "history_url": f"{AUDIT}?target={found.id}" if file.history.has_older else "",
        "error": error,
        **user_words.status(found),
    }
    return console_page(visit.request, visit.admitted, "user.html", context, status=status if error else 200)
