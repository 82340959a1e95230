"""What every form of the console goes through before anything is believed."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.issuer import csrf
from watchword.issuer.interaction.error_page import form_expired, oauth_error_page
from watchword.issuer.requests import read_form
from watchword.oauth.errors import OAuthError
from watchword.oauth.parameters import Parameters


async def read_trusted_form(request: Request) -> Parameters | HTMLResponse:
    """The parameters of a form that one of our own pages sent, or the page that says why not (O17)."""
    try:
        form = await read_form(request)
    except OAuthError as error:
        return oauth_error_page(request, error)
    if not csrf.check(request, form):
        return form_expired(request)
    return form
