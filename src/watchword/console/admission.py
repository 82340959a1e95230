"""Who may see the operator's pages."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.console import session
from watchword.console.navigation import section_of
from watchword.console.sign_in import to_sign_in
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.sessions import SignedIn


async def admit(request: Request) -> SignedIn | Response:
    """The administrator who is signed in here; or the way to the sign-in, or a page that says who may come in."""
    found = await session.current(request)
    if found is None:
        if request.method != "GET":
            return to_sign_in(section_of(request.url.path))
        query = request.url.query
        return to_sign_in(f"{request.url.path}?{query}" if query else request.url.path)
    signed_in, is_admin = found
    if is_admin:
        return signed_in
    return error_page(
        request,
        status=403,
        title="The console is for admins",
        sentence="you are signed in, but your account does not have the role that opens this page",
    )
