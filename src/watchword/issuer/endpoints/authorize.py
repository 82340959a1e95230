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
from watchword.oauth.parameters import Parameters


async def authorize(request: Request) -> Response:
    """``GET`` and ``POST /authorize``: judge the request, then answer it or ask the user."""
    posted = request.method == "POST"
    try:
        parameters = await _parameters(request)
    except InvalidRequestError as error:
        return oauth_error_page(request, error)
    except LostFlowError as lost:
        return lost.response
    issuer = issuer_of(request)
    draft = Draft(issuer, parameters, issuer.clock.now())
    try:
        await judge(draft)
    except RefusedBeforeRedirectError as refused:
        return oauth_error_page(request, refused.error)
    except OAuthError as error:
        return answer.refuse(draft, error)
    return await (flow.park(request, draft) if posted else flow.begin(request, draft))


async def _parameters(request: Request) -> Parameters:
    query = read_query(request)
    if request.method == "POST":
        # Two places for one parameter are two chances to be read differently (O10).
        if query.names():
            raise InvalidRequestError("a posted authorization request has no query")
        return await read_form(request)
    flow_id = query.get(FIELD)
    return query if flow_id is None else await flow.parked(request, flow_id)
