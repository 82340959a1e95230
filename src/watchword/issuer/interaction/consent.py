"""The consent page: who asks, for what, and where the answer goes."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer import csrf, sessions
from watchword.issuer.checks.draft import Draft
from watchword.issuer.endpoints import paths
from watchword.issuer.interaction import answer
from watchword.issuer.interaction import flow as flows
from watchword.issuer.interaction.asker import host_of
from watchword.issuer.interaction.error_page import form_expired, no_longer_open, oauth_error_page
from watchword.issuer.interaction.flow import Flow
from watchword.issuer.interaction.form_page import form_page
from watchword.issuer.interaction.pending import FIELD, LostFlowError, page_of
from watchword.issuer.requests import read_form, read_query
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.sessions import SignedIn
from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.oauth.scope import OFFLINE_ACCESS, OPENID, STANDARD_SCOPES

ALLOW = "allow"
DENY = "deny"


async def consent(request: Request) -> Response:
    """``GET /consent``: the question; ``POST /consent``: the user's answer to it."""
    try:
        posted = request.method == "POST"
        parameters = await read_form(request) if posted else read_query(request)
        flow_id = parameters.get(FIELD)
        if flow_id is None:
            return no_longer_open(request)
        flow = await flows.find(request, flow_id)
    except InvalidRequestError as error:
        return oauth_error_page(request, error)
    except LostFlowError as lost:
        return lost.response
    signed_in = await sessions.current(request)
    if signed_in is None or not flows.suffices(request, flow, signed_in):
        return see_other(page_of(paths.LOGIN, flow.id))
    if posted:
        return await _decide(request, flow, signed_in, parameters)
    if not await flows.needs_consent(flow.draft, signed_in):
        return await answer.grant(request, flow.draft, signed_in, flow_id=flow.id)
    return _page(request, flow, signed_in)


async def _decide(request: Request, flow: Flow, signed_in: SignedIn, form: Parameters) -> Response:
    # The token is bound to the session as well: what one user was asked, another cannot answer.
    if not csrf.check(request, form):
        return form_expired(request)
    decision = form.get("decision")
    if decision == ALLOW:
        return await answer.grant(request, flow.draft, signed_in, flow_id=flow.id, consented=True)
    if decision == DENY:
        return await answer.deny(request, flow.draft, flow.id)
    return oauth_error_page(request, InvalidRequestError("the form says neither allow nor deny"))


def _page(request: Request, flow: Flow, signed_in: SignedIn) -> Response:
    draft = flow.draft
    host = host_of(draft.redirect_uri)
    context = {
        "action": paths.CONSENT,
        "flow": flow.id,
        "client_name": draft.client.name,
        "client_host": host,
        "user_label": signed_in.user.label,
        "scopes": _scopes(draft),
        "api_names": [api.name for api in draft.apis],
        "offline": OFFLINE_ACCESS in draft.scopes,
        "redirect_host": host,
        "warning": _warning(draft),
    }
    return form_page(request, "consent.html", context, leads_to=draft.redirect_uri)


def _scopes(draft: Draft) -> list[dict[str, str]]:
    """What is asked for, in words; being known (``openid``) and lasting (``offline_access``) are said elsewhere."""
    described = dict(STANDARD_SCOPES)
    for api in draft.apis:
        described.update({scope.name: scope.description for scope in api.scopes})
    shown = [scope for scope in draft.scopes if scope not in {OPENID, OFFLINE_ACCESS}]
    return [{"name": scope, "description": described[scope]} for scope in shown]


def _warning(draft: Draft) -> str | None:
    if draft.client.origin == "operator":
        return None
    return (
        "Nobody here has checked this application, and its name is what it calls itself. "
        "Allow it only if you trust the address it comes from."
    )
