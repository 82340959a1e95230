"""The login page: one shape, whoever asks and whatever was wrong (O50)."""

from starlette.requests import Request
from starlette.responses import Response

from watchword.authn import known_device
from watchword.authn.attempt import SignedIn as RightPassword
from watchword.authn.attempt import SignIn, Throttled
from watchword.authn.client_address import client_address
from watchword.authn.errors import OverloadedError
from watchword.issuer import csrf, sessions
from watchword.issuer.cookies import DEVICE
from watchword.issuer.endpoints import paths
from watchword.issuer.interaction import flow as flows
from watchword.issuer.interaction.asker import host_of
from watchword.issuer.interaction.error_page import oauth_error_page
from watchword.issuer.interaction.flow import Flow
from watchword.issuer.interaction.form_page import form_page
from watchword.issuer.interaction.pending import FIELD, LostFlowError
from watchword.issuer.requests import issuer_of, read_form, read_query
from watchword.issuer.response_modes.query import see_other
from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories.users import User

# Where somebody goes who came without an application.
CONSOLE = "/console"

WRONG = "That username and password do not match."
EXPIRED = "This form had expired. Please try again."
BUSY = "Too many people are signing in right now. Please try again in a moment."


async def login(request: Request) -> Response:
    """``GET /login``: the form; ``POST /login``: one attempt, then back into what the user came for."""
    try:
        if request.method == "POST":
            return await _attempt(request, await read_form(request))
        query = read_query(request)
        flow = await _flow(request, query)
    except InvalidRequestError as error:
        return oauth_error_page(request, error)
    except LostFlowError as lost:
        return lost.response
    return _page(request, flow, username=flow.draft.login_hint if flow is not None else "")


async def _attempt(request: Request, form: Parameters) -> Response:
    flow = await _flow(request, form)
    username = form.get("username") or ""
    if not csrf.check(request, form):
        return _page(request, flow, username=username, error=EXPIRED, status=403)
    try:
        outcome = await _sign_in(request).with_password(
            identifier=username,
            password=form.get("password") or "",
            address=_address(request),
            device=DEVICE.read(request, issuer_of(request).settings),
        )
    except OverloadedError as error:
        return _page(request, flow, username=username, error=BUSY, status=503, retry_after=error.retry_after)
    if isinstance(outcome, Throttled):
        return _page(
            request,
            flow,
            username=username,
            error=_too_many(outcome.retry_after),
            status=429,
            retry_after=outcome.retry_after,
        )
    if not isinstance(outcome, RightPassword):
        return _page(request, flow, username=username, error=WRONG, status=400)
    started = await sessions.start(request, outcome.authentication)
    if started is None:
        return _page(request, flow, username=username, error=WRONG, status=400)
    if flow is None:
        response: Response = see_other(CONSOLE)
    else:
        response = await flows.go_on(request, flow, started.signed_in)
    started.set_cookie(response, request)
    _remember_browser(request, response, outcome.user)
    return response


def _remember_browser(request: Request, response: Response, user: User) -> None:
    issuer = issuer_of(request)
    proof = DEVICE.read(request, issuer.settings)
    if known_device.name_of(issuer.secrets["throttle"], user, proof) is None:
        proof = known_device.prove(issuer.secrets["throttle"], user)
    assert proof is not None
    DEVICE.set(response, issuer.settings, proof)


async def _flow(request: Request, parameters: Parameters) -> Flow | None:
    flow_id = parameters.get(FIELD)
    return await flows.find(request, flow_id) if flow_id is not None else None


def _sign_in(request: Request) -> SignIn:
    issuer = issuer_of(request)
    return SignIn(issuer.store, issuer.clock, issuer.passwords, issuer.secrets["throttle"], issuer.events)


def _address(request: Request) -> str:
    return client_address(
        request.client.host if request.client is not None else None,
        request.headers.getlist("x-forwarded-for"),
        trusted_proxies=issuer_of(request).settings.trusted_proxies,
    )


def _too_many(seconds: int) -> str:
    wait = f"{seconds} seconds" if seconds < 90 else f"{-(-seconds // 60)} minutes"
    return f"Too many failed attempts. Please try again in {wait}."


def _page(
    request: Request,
    flow: Flow | None,
    *,
    username: str,
    error: str | None = None,
    status: int = 200,
    retry_after: int | None = None,
) -> Response:
    context = {
        "action": paths.LOGIN,
        "flow": flow.id if flow is not None else "",
        "username": username,
        "error": error,
        "client_name": flow.draft.client.name if flow is not None else None,
        "client_host": host_of(flow.draft.redirect_uri) if flow is not None else None,
    }
    response = form_page(
        request,
        "login.html",
        context,
        status=status,
        leads_to=flow.draft.redirect_uri if flow is not None else None,
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
