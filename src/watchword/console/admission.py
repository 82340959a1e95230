"""Who may see the operator's pages."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from watchword.admin.users import is_admin
from watchword.console.desk import desk_of
from watchword.issuer import sessions
from watchword.issuer.endpoints.paths import LOGIN
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.sessions import SignedIn


async def admit(request: Request) -> SignedIn | Response:
    """The administrator who is signed in here; or the way to the sign-in, or a page that says who may come in."""
    signed_in = await sessions.current(request)
    if signed_in is None:
        return RedirectResponse(LOGIN, status_code=303)
    if await is_admin(desk_of(request), signed_in.user.id):
        return signed_in
    return error_page(
        request,
        status=403,
        title="The console is for admins",
        sentence="you are signed in, but your account does not have the role that opens this page",
    )
