"""Who is the client? Exactly one method may be used, and it must be the one that is registered (O36)."""

from functools import partial

from watchword.issuer.client_auth import CLIENT_AUTH_METHODS
from watchword.issuer.client_auth.method import PresentedCredentials
from watchword.issuer.client_auth.secret import secret_matches
from watchword.issuer.context import Issuer
from watchword.oauth.errors import InvalidClientError, InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.store.repositories import clients
from watchword.store.repositories.clients import Client


def presented_by(authorization: str | None, parameters: Parameters) -> tuple[str, PresentedCredentials]:
    """The name of the one method that a request uses, and what it presents.

    Raises:
        InvalidClientError: it uses none, or one wrongly.
        InvalidRequestError: it uses two (RFC 6749 section 5.2).
    """
    found: list[tuple[str, PresentedCredentials]] = []
    for method in CLIENT_AUTH_METHODS:
        credentials = method.present(authorization, parameters)
        if credentials is not None:
            found.append((method.name, credentials))
    if not found:
        raise InvalidClientError
    if len(found) > 1:
        raise InvalidRequestError("the client authenticates in more than one way")
    return found[0]


async def authenticate(issuer: Issuer, authorization: str | None, parameters: Parameters) -> Client:
    """The client that sent a request.

    Args:
        issuer: where it is registered.
        authorization: the value of the Authorization header.
        parameters: the form.

    Raises:
        InvalidClientError: it is unknown, disabled, uses a method it is not registered for, or its secret is wrong.
        InvalidRequestError: it authenticates in more than one way.
        TemporarilyUnavailableError: the pool that checks imported secrets is full.
    """
    method, credentials = presented_by(authorization, parameters)
    client = await issuer.store.read_one(partial(clients.find, client_id=credentials.client_id))
    proven = True
    if credentials.secret is not None:
        stored = None if client is None else client.secret_hash
        proven = await secret_matches(stored, credentials.secret, issuer.passwords)
    if not proven or client is None or client.status != "active" or client.auth_method != method:
        raise InvalidClientError
    return client
