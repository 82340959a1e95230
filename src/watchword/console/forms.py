"""What every form of the console goes through before anything is believed."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from watchword.issuer import csrf
from watchword.issuer.interaction.error_page import error_page
from watchword.issuer.requests import read_form
from watchword.oauth.errors import OAuthError
from watchword.oauth.parameters import Parameters


async def read_trusted_form(request: Request) -> Parameters | HTMLResponse:
    """The parameters of a form that one of our own pages sent, or the page that says why not (O17)."""
    try:
        form = await read_form(request)
    except OAuthError as error:
        return error_page(request, status=error.status, title="This form cannot be read", sentence=error.sentence)
    if not csrf.check(request, form):
        return error_page(
            request,
            status=403,
            title="This form is too old",
            sentence="it was not sent by a page that this browser has open; go back, reload the page and try again",
        )
    return form
