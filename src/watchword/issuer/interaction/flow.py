"""An authorization request on its way through login and consent.

Every step judges the stored request anew, as if it had just come: a client that was disabled meanwhile goes no further.
"""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer import consent, csrf, sessions
from watchword.issuer.checks import prompt
from watchword.issuer.checks.draft import Draft
from watchword.issuer.endpoints import paths
from watchword.issuer.interaction import answer, pending
from watchword.issuer.interaction.error_page import oauth_error_page
from watchword.issuer.interaction.pending import Kept, LostFlowError, page_of
from watchword.issuer.pipeline import RefusedBeforeRedirectError, judge
from watchword.issuer.requests import issuer_of
from watchword.issuer.response_modes.query import see_other
from watchword.issuer.sessions import SignedIn
from watchword.oauth.errors import ConsentRequiredError, LoginRequiredError, OAuthError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import consents
from watchword.store.repositories.authorization_requests import PendingRequest

# What judging a request anew reads. Anybody may send anything else, which is ignored and forgotten.
KEPT = frozenset(
    {
        "claims",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "max_age",
        "nonce",
        "prompt",
        "redirect_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)


@dataclass(frozen=True, slots=True)
class Demand:
    """Which sign-in suffices; settled when the request comes, so that ``max_age`` does not pass while the user reads.

    Args:
        authenticated_after: none that is older, UTC epoch seconds.
        another_than: not the one whose cookie has this digest: the user must prove anew who they are. Empty when
            there was none, so that any will do.
    """

    authenticated_after: float | None
    another_than: str | None


@dataclass(frozen=True, slots=True)
class Flow:
    """A request that waits for its user, found again and judged again."""

    id: str
    draft: Draft
    demand: Demand


async def begin(request: Request, draft: Draft) -> Response:
    """Answer a request that has passed every rule: at once if nobody must be asked, else by way of a page."""
    demand = _demand_of(request, draft)
    silent = prompt.NONE in draft.prompt
    signed_in = await sessions.current(request)
    if signed_in is None or not _suffices(request, draft, demand, signed_in):
        if silent:
            return answer.refuse(request, draft, LoginRequiredError())
        return await _to_page(request, draft, demand, paths.LOGIN)
    if await needs_consent(draft, signed_in):
        if silent:
            return answer.refuse(request, draft, ConsentRequiredError())
        return await _to_page(request, draft, demand, paths.CONSENT)
    return await answer.grant(request, draft, signed_in)


async def park(request: Request, draft: Draft) -> Response:
    """Keep a request that was posted and let the browser come back by GET.

    A post from the client's site carries no Lax cookie: it cannot tell who is signed in, nor which browser this is.
    """
    flow_id = await pending.keep(
        request, Kept("authorization", draft.client.id, _details(draft, another_than=None), browser_hash=None)
    )
    return see_other(page_of(paths.AUTHORIZE, flow_id))


async def parked(request: Request, flow_id: str) -> Draft:
    """What `park` kept, not yet judged again.

    Raises:
        LostFlowError: there is no such request.
    """
    kept = await pending.find(request, flow_id, kind="authorization", browser_hash=None)
    return _draft(request, kept)


async def find(request: Request, flow_id: str) -> Flow:
    """The request that this browser began under that id, judged anew.

    Raises:
        LostFlowError: there is none, or it no longer passes.
    """
    kept = await pending.find(request, flow_id, kind="authorization", browser_hash=csrf.browser_hash(request))
    draft = _draft(request, kept)
    try:
        await judge(draft)
    except RefusedBeforeRedirectError as error:
        raise LostFlowError(oauth_error_page(request, error.error)) from error
    except OAuthError as error:
        raise LostFlowError(answer.refuse(request, draft, error)) from error
    return Flow(flow_id, draft, Demand(kept.authenticated_after, kept.parameters["another_than"]))


async def go_on(request: Request, flow: Flow, signed_in: SignedIn) -> Response:
    """The step after a sign-in: consent, or the answer."""
    if not _is_hinted(flow.draft, signed_in):
        # The client asked for somebody else: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
        return await answer.deny(request, flow.draft, flow.id, LoginRequiredError("another user has signed in"))
    if await needs_consent(flow.draft, signed_in):
        return see_other(page_of(paths.CONSENT, flow.id))
    return await answer.grant(request, flow.draft, signed_in, flow_id=flow.id)


def suffices(request: Request, flow: Flow, signed_in: SignedIn) -> bool:
    """Whether the browser's sign-in is all that the request demands."""
    return _suffices(request, flow.draft, flow.demand, signed_in)


async def needs_consent(draft: Draft, signed_in: SignedIn) -> bool:
    """Whether this user must be asked about this request."""
    user_id, client_id = signed_in.user.id, draft.client.id
    given = await draft.issuer.store.read(lambda connection: consents.find(connection, user_id, client_id))
    return consent.is_required(draft, given)


def _demand_of(request: Request, draft: Draft) -> Demand:
    anew = bool(draft.prompt & {prompt.LOGIN, prompt.SELECT_ACCOUNT}) or draft.max_age == 0
    if anew:
        # The cookie tells sign-ins of one moment apart; the time holds also where the cookie was kept back just now.
        return Demand(draft.now, sessions.cookie_hash(request) or "")
    return Demand(draft.now - draft.max_age if draft.max_age is not None else None, None)


def _suffices(request: Request, draft: Draft, demand: Demand, signed_in: SignedIn) -> bool:
    if demand.another_than is not None and sessions.cookie_hash(request) == demand.another_than:
        return False
    if demand.authenticated_after is not None and signed_in.session.auth_time < demand.authenticated_after:
        return False
    return _is_hinted(draft, signed_in)


def _is_hinted(draft: Draft, signed_in: SignedIn) -> bool:
    return draft.hinted_user_id is None or draft.hinted_user_id == signed_in.user.id


async def _to_page(request: Request, draft: Draft, demand: Demand, path: str) -> Response:
    kept = Kept(
        "authorization",
        draft.client.id,
        _details(draft, another_than=demand.another_than),
        browser_hash=csrf.browser_hash(request),
        authenticated_after=demand.authenticated_after,
    )
    response = see_other(page_of(path, await pending.keep(request, kept)))
    csrf.ensure_cookie(response, request)
    return response


def _details(draft: Draft, *, another_than: str | None) -> dict[str, Any]:
    """What is kept of a request: never a token, and nothing of what only fills the table (R52).

    Of the hint, which has been checked, the user it names is enough. The resources are those that stood for the request
    when it came: what the user is asked is what is granted, whatever the client's default is by then (O16).
    """
    parameters = {name: values for name, values in draft.parameters.to_dict().items() if name in KEPT}
    parameters.pop("login_hint", None)
    if draft.login_hint:
        parameters["login_hint"] = [draft.login_hint]
    if draft.resources:
        parameters["resource"] = list(draft.resources)
    return {"parameters": parameters, "hinted_user_id": draft.hinted_user_id, "another_than": another_than}


def _draft(request: Request, kept: PendingRequest) -> Draft:
    issuer = issuer_of(request)
    draft = Draft(issuer, Parameters.from_dict(kept.parameters["parameters"]), issuer.clock.now())
    draft.hinted_user_id = kept.parameters["hinted_user_id"]
    return draft
