"""Signing out: at once when an ID token shows who is meant, else after the user has said so."""

from dataclasses import asdict, dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer import csrf, sessions
from watchword.issuer.endpoints import paths
from watchword.issuer.interaction import pending
from watchword.issuer.interaction.error_page import form_expired, oauth_error_page
from watchword.issuer.interaction.form_page import form_page
from watchword.issuer.interaction.pending import FIELD, Kept, LostFlowError, page_of
from watchword.issuer.interaction.rendering import render
from watchword.issuer.requests import issuer_of, read_form, read_query
from watchword.issuer.response_modes.query import see_other, with_query
from watchword.issuer.sessions import SignedIn
from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import clients


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A checked request to sign out: who asks, where the browser goes afterwards, and whom the hint names."""

    client_id: str | None = None
    client_name: str | None = None
    redirect_uri: str | None = None
    state: str | None = None
    user_id: str | None = None


NOBODY_ASKED = LogoutRequest()


async def begin(request: Request, wanted: LogoutRequest) -> Response:
    """Sign out, or ask first: anybody can lead a browser to this address, only the hint shows that it was meant."""
    signed_in = await sessions.current(request)
    if signed_in is None or signed_in.user.id == wanted.user_id:
        return await _finish(request, wanted)
    flow_id = await _keep(request, wanted, browser_hash=csrf.browser_hash(request))
    response = see_other(page_of(paths.LOGOUT, flow_id))
    csrf.ensure_cookie(response, request)
    return response


async def park(request: Request, wanted: LogoutRequest) -> Response:
    """Keep a posted request and let the browser come back by GET, with its cookies."""
    return see_other(page_of(paths.END_SESSION, await _keep(request, wanted, browser_hash=None)))


async def parked(request: Request, flow_id: str) -> LogoutRequest:
    """What `park` kept.

    Raises:
        LostFlowError: there is no such request.
    """
    return await _kept(request, flow_id, browser_hash=None)


async def logout(request: Request) -> Response:
    """``GET /logout``: the question; ``POST /logout``: yes."""
    try:
        posted = request.method == "POST"
        parameters = await read_form(request) if posted else read_query(request)
        wanted = await _wanted(request, parameters)
    except InvalidRequestError as error:
        return oauth_error_page(request, error)
    except LostFlowError as lost:
        return lost.response
    signed_in = await sessions.current(request)
    if signed_in is None:
        return await _finish(request, wanted)
    if not posted:
        return _page(request, parameters.get(FIELD) or "", wanted, signed_in)
    return await _finish(request, wanted) if csrf.check(request, parameters) else form_expired(request)


async def logged_out(request: Request) -> Response:
    """``GET /logged-out``"""
    return render(request, "logged_out.html", {"client_name": None})


async def _wanted(request: Request, parameters: Parameters) -> LogoutRequest:
    flow_id = parameters.get(FIELD)
    if flow_id is None:
        return NOBODY_ASKED
    return await _kept(request, flow_id, browser_hash=csrf.browser_hash(request))


async def _kept(request: Request, flow_id: str, *, browser_hash: str | None) -> LogoutRequest:
    kept = await pending.find(request, flow_id, kind="logout", browser_hash=browser_hash)
    wanted = LogoutRequest(**kept.parameters["logout"])
    return wanted if await _may_still_redirect(request, wanted) else replace(wanted, redirect_uri=None)


async def _may_still_redirect(request: Request, wanted: LogoutRequest) -> bool:
    """Whether the address is registered now: an operator may have taken it away while the request waited (O06)."""
    client_id = wanted.client_id
    if client_id is None or wanted.redirect_uri is None:
        return True
    client = await issuer_of(request).store.read(lambda connection: clients.find(connection, client_id))
    return client is not None and client.status == "active" and wanted.redirect_uri in client.post_logout_redirect_uris


async def _finish(request: Request, wanted: LogoutRequest) -> Response:
    if wanted.redirect_uri is None:
        response = see_other(paths.LOGGED_OUT)
    else:
        state = {"state": wanted.state} if wanted.state is not None else {}
        response = see_other(with_query(wanted.redirect_uri, state))
    await sessions.end(request, response)
    return response


async def _keep(request: Request, wanted: LogoutRequest, *, browser_hash: str | None) -> str:
    details = {"logout": asdict(wanted)}
    return await pending.keep(request, Kept("logout", wanted.client_id or "", details, browser_hash))


def _page(request: Request, flow_id: str, wanted: LogoutRequest, signed_in: SignedIn) -> Response:
    context = {
        "action": paths.LOGOUT,
        "flow": flow_id,
        "client_name": wanted.client_name,
        "user_label": signed_in.user.label,
    }
    return form_page(request, "logout.html", context, leads_to=wanted.redirect_uri)
