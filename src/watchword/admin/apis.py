"""APIs: what tokens are for."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from sqlalchemy import Connection

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError
from watchword.oauth.bearer import digest, new_bearer
from watchword.oauth.errors import InvalidTargetError
from watchword.oauth.resource import check_resource
from watchword.oauth.scope import STANDARD_SCOPES, is_scope_token
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, clients
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.audit import record

SECRET_PREFIX = "ww_api"  # noqa: S105  the visible start of a secret, not one
MAX_NAME = 255


async def add_api(
    desk: AdminDesk, *, identifier: str, name: str = "", scopes: Sequence[Scope] = (), with_secret: bool = False
) -> tuple[Api, str | None]:
    """Register an API.

    Args:
        desk: where the operator works.
        identifier: its URL; tokens for it carry it in ``aud``.
        name: how pages call it; its host unless given.
        scopes: what may be done there.
        with_secret: whether it gets credentials for introspection.

    Returns:
        The API, and its secret if it got one; that is not shown again.

    Raises:
        InvalidRequestError: the identifier or a scope cannot be used.
        TakenError: there is an API with that identifier.
    """
    problems = [*api_problems(identifier, scopes), *name_problems(name)]
    if problems:
        raise InvalidRequestError(*problems)
    secret = new_bearer(SECRET_PREFIX) if with_secret else None
    api = Api(
        id=new_id(),
        identifier=identifier,
        name=name or (urlsplit(identifier).netloc or identifier)[:MAX_NAME],
        scopes=tuple(scopes),
        token_lifetime=desk.settings.access_token_lifetime,
        secret_hash=None if secret is None else digest(secret),
        created_at=desk.clock.now(),
    )
    await desk.store.write(lambda connection: create(connection, desk, api))
    return api, secret


async def list_apis(desk: AdminDesk) -> list[Api]:
    """Every API, by identifier."""
    return await desk.store.read(apis.list_all)


def name_problems(name: str) -> list[str]:
    """Why an API cannot be called that."""
    return [f"the name of an API has {MAX_NAME} characters at most"] if len(name) > MAX_NAME else []


def api_problems(identifier: str, scopes: Sequence[Scope]) -> list[str]:
    """Every reason why such an API cannot be registered."""
    problems = []
    try:
        check_resource(identifier)
    except InvalidTargetError:
        problems.append("an API is named by an absolute URI without a fragment, such as https://orders.example.com")
    names = [scope.name for scope in scopes]
    problems.extend(f"{name!r} is not a scope name" for name in names if not is_scope_token(name))
    problems.extend(f"the scope {name} belongs to the issuer itself" for name in names if name in STANDARD_SCOPES)
    if len(set(names)) != len(names):
        problems.append("a scope is named twice")
    return problems


def create(connection: Connection, desk: AdminDesk, api: Api) -> None:
    """Write ``api`` in the caller's transaction, and let the command line's client ask for its scopes.

    Raises:
        TakenError: there is an API with that identifier.
    """
    if apis.find(connection, api.identifier) is not None:
        raise TakenError("there is an API with that identifier already")
    apis.create(connection, api)
    record(connection, desk.entry("api.created", "api", api.id, identifier=api.identifier))
    offer_to_command_line(connection, desk, api)


def add_scopes(connection: Connection, desk: AdminDesk, api: Api, scopes: Sequence[Scope]) -> None:
    """Let more be done at ``api``, in the caller's transaction."""
    grown = replace(api, scopes=(*api.scopes, *scopes))
    apis.update(connection, grown)
    record(connection, desk.entry("api.scopes_added", "api", api.id, scopes=[scope.name for scope in scopes]))
    offer_to_command_line(connection, desk, grown)


def offer_to_command_line(connection: Connection, desk: AdminDesk, api: Api) -> None:
    """Let `watchword login --api …` ask for the API's scopes: it is the operator's own tool, for every API."""
    if desk.settings.cli_client_id is None:
        return
    client = clients.find(connection, desk.settings.cli_client_id)
    missing = [] if client is None else [one.name for one in api.scopes if one.name not in client.scopes]
    if client is not None and missing:
        clients.update(connection, replace(client, scopes=(*client.scopes, *missing)))
        record(connection, desk.entry("client.scopes_added", "client", client.id, scopes=missing))
