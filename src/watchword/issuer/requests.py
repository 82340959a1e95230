"""What every endpoint takes from a request, in one place."""

from typing import cast

from starlette.requests import Request

from watchword.issuer.context import Issuer
from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories.audit import Actor

FORM = "application/x-www-form-urlencoded"


def issuer_of(request: Request) -> Issuer:
    """The issuer that this request is for."""
    return cast("Issuer", request.app.state.issuer)


def correlation_id(request: Request) -> str:
    """The id that ties an answer to its log line and its audit rows."""
    return cast("str", request.scope["state"]["correlation_id"])


def by_user(request: Request, user_id: str) -> Actor:
    """The user as the one who does something in this request."""
    return Actor("user", user_id, correlation_id(request))


def by_client(request: Request, client_id: str) -> Actor:
    """The client as the one who does something in this request."""
    return Actor("client", client_id, correlation_id(request))


async def read_form(request: Request) -> Parameters:
    """The parameters of a form body; nothing is ever taken from the query of a POST.

    https://www.rfc-editor.org/rfc/rfc6749#section-3.2

    Raises:
        InvalidRequestError: another content type, broken encoding, or a parameter that comes twice.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise InvalidRequestError(f"the content type must be {FORM}")
    return Parameters.parse_form(await request.body())


def read_query(request: Request) -> Parameters:
    """The parameters of the query string; raises as `read_form` does."""
    return Parameters.parse_query(request.scope["query_string"])
