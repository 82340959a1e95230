"""RP-initiated logout: https://openid.net/specs/openid-connect-rpinitiated-1_0.html"""

from starlette.requests import Request
from starlette.responses import Response

from watchword.issuer.checks.id_token_hint import Hint, read_hint
from watchword.issuer.interaction import logout
from watchword.issuer.interaction.error_page import oauth_error_page
from watchword.issuer.interaction.logout import LogoutRequest
from watchword.issuer.interaction.pending import FIELD, LostFlowError
from watchword.issuer.requests import issuer_of, read_form, read_query
from watchword.oauth.errors import InvalidRequestError, OAuthError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import clients
from watchword.store.repositories.clients import Client

MAX_STATE_LENGTH = 4096


async def end_session(request: Request) -> Response:
    """``GET`` and ``POST /end_session``: end the session, asking the user unless the hint shows who is meant."""
    try:
        if request.method == "POST":
            # From the client's site no Lax cookie comes along: come back by GET, without the hint in the address.
            return await logout.park(request, await _understand(request, await read_form(request)))
        query = read_query(request)
        flow_id = query.get(FIELD)
        wanted = await (_understand(request, query) if flow_id is None else logout.parked(request, flow_id))
    except OAuthError as error:
        return oauth_error_page(request, error)
    except LostFlowError as lost:
        return lost.response
    return await logout.begin(request, wanted)


async def _understand(request: Request, parameters: Parameters) -> LogoutRequest:
    """Judge the parameters; nothing that the client has not registered is ever redirected to (O06)."""
    token = parameters.get("id_token_hint")
    hint = await read_hint(issuer_of(request), token) if token is not None else None
    client = await _client(request, parameters.get("client_id"), hint)
    uri, state = parameters.get("post_logout_redirect_uri"), parameters.get("state")
    if uri is not None:
        if client is None:
            raise InvalidRequestError("a post_logout_redirect_uri needs an id_token_hint or a client_id")
        if uri not in client.post_logout_redirect_uris:
            raise InvalidRequestError("the post_logout_redirect_uri is not registered")
    if state is not None and len(state) > MAX_STATE_LENGTH:
        raise InvalidRequestError("the parameter state is too long")
    return LogoutRequest(
        client_id=client.id if client is not None else None,
        client_name=client.name if client is not None else None,
        redirect_uri=uri,
        state=state,
        user_id=hint.user_id if hint is not None else None,
    )


async def _client(request: Request, client_id: str | None, hint: Hint | None) -> Client | None:
    if hint is not None:
        client_id = client_id or hint.audiences[0]
        if client_id not in hint.audiences:
            raise InvalidRequestError("the id_token_hint was made for another client")
    if client_id is None:
        return None
    asked = client_id
    client = await issuer_of(request).store.read(lambda connection: clients.find(connection, asked))
    if client is None or client.status != "active":
        raise InvalidRequestError("the client is not known to this server")
    return client
