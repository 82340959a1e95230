"""The authorization endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-3.1"""

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.checks.draft import Draft
from watchword.issuer.interaction import answer, flow
from watchword.issuer.interaction.error_page import oauth_error_page
from watchword.issuer.interaction.pending import FIELD, LostFlowError
from watchword.issuer.pipeline import RefusedBeforeRedirectError, judge
from watchword.issuer.requests import issuer_of, read_form, read_query
from watchword.oauth.errors import InvalidRequestError, OAuthError


async def authorize(request: Request) -> Response:
    """``GET`` and ``POST /authorize``: judge the request, then answer it or ask the user."""
    posted = request.method == "POST"
    try:
        draft = await _draft(request)
    except InvalidRequestError as error:
        return oauth_error_page(request, error)
    except LostFlowError as lost:
        return lost.response
    try:
        await judge(draft)
    except RefusedBeforeRedirectError as refused:
        return oauth_error_page(request, refused.error)
    except OAuthError as error:
        return answer.refuse(request, draft, error)
    return await (flow.park(request, draft) if posted else flow.begin(request, draft))


async def _draft(request: Request) -> Draft:
    query = read_query(request)
    flow_id = query.get(FIELD)
    if request.method == "POST":
        # Two places for one parameter are two chances to be read differently (O10).
        if query.names():
            raise InvalidRequestError("a posted authorization request has no query")
        query = await read_form(request)
    elif flow_id is not None and "client_id" not in query:
        return await flow.parked(request, flow_id)
    issuer = issuer_of(request)
    return Draft(issuer, query, issuer.clock.now())
