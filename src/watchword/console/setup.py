"""The set-up link: whoever holds it makes the first administrator, once."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.admin import setup
from watchword.admin.errors import AdminError, SetupLinkError
from watchword.authn.authentication import PASSWORD_ACR, Authentication
from watchword.authn.errors import OverloadedError, WeakPasswordError
from watchword.authn.factors import PASSWORD
from watchword.authn.password_rules import MIN_CHARACTERS
from watchword.console.desk import desk_of
from watchword.console.forms import read_trusted_form
from watchword.console.pages import form_page, render
from watchword.console.paths import CONSOLE, SETUP, START
from watchword.issuer import sessions
from watchword.issuer.endpoints.paths import LOGIN
from watchword.issuer.requests import issuer_of
from watchword.oauth.parameters import Parameters

_PASSWORD_HINT = (
    f"At least {MIN_CHARACTERS} characters. A few words you can say aloud are easy to keep and hard to guess."
)
_ALL_NEEDED = "email, name and password are all needed"


async def set_up(request: Request) -> Response:
    """Show the form, or take it."""
    return await (submit_setup(request) if request.method == "POST" else open_setup(request))


async def open_setup(request: Request) -> Response:
    """``GET /setup?token=…``: the form, when the link can still be used."""
    token = request.query_params.get("token", "")
    if not await setup.is_link_open(desk_of(request), token):
        return _closed(request)
    return _form(request, token)


async def submit_setup(request: Request) -> Response:
    """``POST /setup``: create the administrator, sign them in, go on to the console."""
    form = await read_trusted_form(request)
    if isinstance(form, Response):
        return form
    token = form.get("token") or ""
    if not await setup.is_link_open(desk_of(request), token):
        return _closed(request)
    email, name, password = form.get("email"), form.get("name"), form.get("password")
    if not email or not name or not password:
        return _form(request, token, form, error=_ALL_NEEDED)
    try:
        user = await setup.create_first_admin(desk_of(request), token=token, email=email, name=name, password=password)
    except SetupLinkError:  # another tab was quicker
        return _closed(request)
    except OverloadedError as error:
        busy = _form(request, token, form, error=error.sentence, status=503)
        busy.headers["Retry-After"] = str(error.retry_after)
        return busy
    except (AdminError, WeakPasswordError) as error:
        return _form(request, token, form, error=error.sentence)
    has_demo = issuer_of(request).settings.demo_url is not None
    response = RedirectResponse(START if has_demo else CONSOLE, status_code=303)
    now = issuer_of(request).clock.now()
    proven = Authentication(
        user_id=user.id,
        acr=PASSWORD_ACR,
        amr=(PASSWORD.amr,),
        auth_time=now,
        password_changed_at=user.password_changed_at,
    )
    await sessions.begin(request, response, proven)
    return response


def _form(
    request: Request,
    token: str,
    given: Parameters | None = None,
    *,
    error: str | None = None,
    status: int = 422,
) -> Response:
    """The form; what was typed comes back, the password never."""
    values = {name: (given.get(name) if given else None) or "" for name in ("email", "name")}
    context = {
        "action": SETUP,
        "token": token,
        "error": error,
        "values": values,
        "password_hint": _PASSWORD_HINT,
    }
    return form_page(request, "setup.html", context, status=status if error else 200)


def _closed(request: Request) -> Response:
    return render(request, "setup_closed.html", {"login_url": LOGIN, "command": "watchword up"}, status=410)
