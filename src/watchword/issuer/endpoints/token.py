"""The token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-3.2"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from watchword.issuer.client_auth.authenticate import authenticate
from watchword.issuer.client_auth.authorization import authorization_of
from watchword.issuer.edge.refusal import NO_STORE
from watchword.issuer.grants import GRANTS
from watchword.issuer.grants.grant import GrantType, TokenRequest, TokenResponse
from watchword.issuer.keys.signers import SignersWithdrawnError
from watchword.issuer.requests import by_client, issuer_of, read_form
from watchword.oauth.errors import InvalidRequestError, UnauthorizedClientError, UnsupportedGrantTypeError

_BY_NAME = {grant.grant_type: grant for grant in GRANTS}


async def token(request: Request) -> Response:
    """Authenticate the client, find the grant type, and let it answer."""
    refuse_query(request)
    issuer = issuer_of(request)
    parameters = await read_form(request)
    client = await authenticate(issuer, authorization_of(request), parameters)
    grant = _find(parameters.require("grant_type"))
    if grant.grant_type not in client.grant_types:
        raise UnauthorizedClientError
    token_request = TokenRequest(issuer, client, parameters, by_client(request, client.id), issuer.clock.now())
    answer = await _redeem(grant, token_request)
    return JSONResponse(answer.to_dict(), headers=NO_STORE)


async def _redeem(grant: GrantType, request: TokenRequest) -> TokenResponse:
    try:
        return await grant.redeem(request)
    except SignersWithdrawnError:
        # The transaction was rolled back: nothing was spent, and the successor signs already.
        await request.issuer.keys.refresh()
        return await grant.redeem(request)


def refuse_query(request: Request) -> None:
    """Refuse a query string where bearer artefacts travel in the body: query strings end up in logs (O28).

    Raises:
        InvalidRequestError: there is one.
    """
    if request.scope["query_string"]:
        raise InvalidRequestError("parameters must be sent in the body")


def _find(grant_type: str) -> GrantType:
    grant = _BY_NAME.get(grant_type)
    if grant is None:
        raise UnsupportedGrantTypeError
    return grant
