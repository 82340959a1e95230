"""The console's cookie: a random name for a sign-in that the database judges at every request."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.admin import console_sessions
from watchword.console.desk import desk_of
from watchword.issuer.cookies import Cookie
from watchword.issuer.requests import issuer_of
from watchword.issuer.sessions import SignedIn
from watchword.oauth.bearer import new_bearer

_COOKIE = Cookie("console")
_PREFIX = "wwc"


async def current(request: Request) -> tuple[SignedIn, bool] | None:
    """Who is signed in to the console in this browser, and whether they are an administrator."""
    cookie = _COOKIE.read(request, issuer_of(request).settings)
    return None if cookie is None else await console_sessions.current(desk_of(request), cookie)


async def begin(request: Request, response: Response, *, grant_id: str) -> None:
    """Sign the browser in, under a new cookie in any case (O55)."""
    old = _COOKIE.read(request, issuer_of(request).settings)
    if old is not None:
        await console_sessions.end(desk_of(request), old)
    cookie = new_bearer(_PREFIX)
    await console_sessions.begin(desk_of(request), cookie, grant_id=grant_id)
    _COOKIE.set(response, issuer_of(request).settings, cookie)


async def end(request: Request, response: Response) -> None:
    """Forget the browser's sign-in."""
    cookie = _COOKIE.read(request, issuer_of(request).settings)
    if cookie is not None:
        await console_sessions.end(desk_of(request), cookie)
    _COOKIE.clear(response, issuer_of(request).settings)
