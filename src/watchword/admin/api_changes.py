"""Changes to an API that is there: what it is called, how long its tokens live, its scopes and its secret."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from watchword.admin import audit_trail
from watchword.admin.apis import SECRET_PREFIX, api_problems, name_problems, offer_to_command_line
from watchword.admin.audit_trail import Trail
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError, UnknownError
from watchword.issuer.tokens.lifetime import LONGEST
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.repositories import apis, clients
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.audit import record
from watchword.store.repositories.clients import Client

HISTORY = 6


@dataclass(frozen=True, slots=True)
class ApiFile:
    """An API, the clients that may ask for tokens for it, and its newest audit rows."""

    api: Api
    clients: tuple[Client, ...]
    history: Trail


async def api_file(desk: AdminDesk, api_id: str) -> ApiFile:
    """One API, whole.

    Raises:
        UnknownError: there is no such API.
    """

    def job(connection: Connection) -> ApiFile:
        api = find(connection, api_id)
        users = tuple(client for client in clients.list_all(connection) if _uses(client, api))
        return ApiFile(api, users, audit_trail.history(connection, api.id, limit=HISTORY))

    return await desk.store.read(job)


async def change_api(desk: AdminDesk, api_id: str, *, name: str, token_lifetime: int) -> None:
    """Call an API otherwise, or let its tokens live longer or shorter.

    Args:
        desk: where the operator works.
        api_id: which.
        name: how pages call it.
        token_lifetime: seconds; the issuer's own limit holds beside it.

    Raises:
        UnknownError: there is no such API.
        InvalidRequestError: there is no name, or the lifetime is none.
    """
    problems = name_problems(name.strip()) if name.strip() else ["an API needs a name"]
    if not 1 <= token_lifetime <= LONGEST:
        problems.append(f"access tokens live for 1 to {LONGEST} seconds")
    if problems:
        raise InvalidRequestError(*problems)

    def job(connection: Connection) -> None:
        api = find(connection, api_id)
        after = replace(api, name=name.strip(), token_lifetime=token_lifetime)
        if after != api:
            apis.update(connection, after)
            record(connection, desk.entry("api.changed", "api", api.id, token_lifetime=token_lifetime))

    await desk.store.write(job)


async def add_scope(desk: AdminDesk, api_id: str, scope: Scope) -> None:
    """Let one more thing be done at an API; clients get it when somebody gives it to them.

    Raises:
        UnknownError: there is no such API.
        InvalidRequestError: that cannot be the name of a scope.
        TakenError: the API has it already.
    """

    def job(connection: Connection) -> None:
        api = find(connection, api_id)
        problems = api_problems(api.identifier, [scope])
        if problems:
            raise InvalidRequestError(*problems)
        if scope.name in api.scope_names:
            raise TakenError("the API has that scope already")
        after = replace(api, scopes=(*api.scopes, scope))
        apis.update(connection, after)
        record(connection, desk.entry("api.scope_added", "api", api.id, scope=scope.name))
        offer_to_command_line(connection, desk, after)

    await desk.store.write(job)


async def describe_scope(desk: AdminDesk, api_id: str, scope: Scope) -> None:
    """Say otherwise what a scope allows: people read it before they consent.

    Raises:
        UnknownError: there is no such API, or no such scope.
    """

    def job(connection: Connection) -> None:
        api = find(connection, api_id)
        if scope.name not in api.scope_names:
            raise UnknownError("the API has no such scope")
        after = replace(api, scopes=tuple(scope if one.name == scope.name else one for one in api.scopes))
        if after != api:
            apis.update(connection, after)
            record(connection, desk.entry("api.scope_described", "api", api.id, scope=scope.name))

    await desk.store.write(job)


async def new_api_secret(desk: AdminDesk, api_id: str) -> str:
    """Give an API another secret for introspection; the old one is dead when this returns.

    Raises:
        UnknownError: there is no such API.
    """
    secret = new_bearer(SECRET_PREFIX)

    def job(connection: Connection) -> None:
        api = find(connection, api_id)
        apis.update(connection, replace(api, secret_hash=digest(secret)))
        record(connection, desk.entry("api.secret_changed", "api", api.id))

    await desk.store.write(job)
    return secret


def find(connection: Connection, api_id: str) -> Api:
    """The API whose record that is.

    Raises:
        UnknownError: there is none.
    """
    api = apis.find_by_id(connection, api_id)
    if api is None:
        raise UnknownError("there is no such API")
    return api


def _uses(client: Client, api: Api) -> bool:
    named = client.default_api == api.identifier or api.identifier in client.api_scopes
    return client.status != "deleted" and (named or not api.scope_names.isdisjoint(client.scopes))
