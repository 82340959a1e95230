"""Which API is asking? By its own identifier and secret, as HTTP Basic."""

from functools import partial

from watchword.issuer.client_auth.authenticate import presented_by
from watchword.issuer.client_auth.method import PresentedCredentials
from watchword.issuer.client_auth.secret import secret_matches
from watchword.issuer.context import Issuer
from watchword.oauth.errors import InvalidClientError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import apis
from watchword.store.repositories.apis import Api

BASIC = "client_secret_basic"


async def find_resource_server(issuer: Issuer, credentials: PresentedCredentials) -> Api | None:
    """The API that these credentials name; None when they name none.

    Raises:
        InvalidClientError: they name one that is disabled, or its secret is another.
        TemporarilyUnavailableError: the pool that checks imported secrets is full.
    """
    if credentials.secret is None:
        return None
    api = await issuer.store.read_one(partial(apis.find_by_id, api_id=credentials.client_id))
    if api is None:
        return None
    if not await secret_matches(api.secret_hash, credentials.secret, issuer.passwords) or api.status != "active":
        raise InvalidClientError
    return api


async def authenticate_resource_server(issuer: Issuer, authorization: str | None) -> Api:
    """The API that sent a request; nobody else may.

    Args:
        issuer: where it is registered.
        authorization: the value of the Authorization header.

    Raises:
        InvalidClientError: there are no such credentials, or they are not an API's.
        TemporarilyUnavailableError: the pool that checks imported secrets is full.
    """
    _, credentials = presented_by(authorization, Parameters({}))
    api = await find_resource_server(issuer, credentials)
    if api is None:
        raise InvalidClientError
    return api
