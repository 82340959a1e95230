"""What an installation has been told to have, in the words of a seed file: APIs and clients, no secret, no user."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from watchword.store.repositories import apis, clients, roles
from watchword.store.repositories.apis import Api
from watchword.store.repositories.clients import Client

Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """Every API by its URL, every client that is not deleted by its id; each with the members of a seed file.

    Both also have a ``status``, and clients ``origin`` and ``auth_method``, by which it is judged whether they can be
    declared.
    """

    apis: dict[str, Members]
    clients: dict[str, Members]


def read(connection: Connection) -> Declared:
    """Everything that is there now."""
    listed = [client for client in clients.list_all(connection) if client.status != "deleted"]
    held = roles.roles_of_each(connection, [client.id for client in listed])
    return Declared(
        {api.identifier: _api(api) for api in apis.list_all(connection)},
        {client.id: _client(client, held.get(client.id, ())) for client in listed},
    )


def _api(api: Api) -> Members:
    return {
        "url": api.identifier,
        "name": api.name,
        "scopes": [{"name": scope.name, "description": scope.description} for scope in api.scopes],
        "token_lifetime": api.token_lifetime,
        "signing_alg": api.signing_alg,
        "status_list": api.status_list,
        "status": api.status,
    }


def _client(client: Client, held: tuple[str, ...]) -> Members:
    return {
        "name": client.name,
        "public": client.is_public,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "allowed_origins": list(client.allowed_origins),
        "scopes": list(client.scopes),
        "api_scopes": {api: list(scopes) for api, scopes in client.api_scopes.items()},
        "default_api": client.default_api,
        "id_token_alg": client.id_token_alg,
        "profile": client.profile,
        "roles": list(held),
        "status": client.status,
        "origin": client.origin,
        "auth_method": client.auth_method,
    }
