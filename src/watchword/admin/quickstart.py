"""What `watchword up` has ready: the orders API, a client for its pages, one for `curl`, one for the command line.

Their ids and secrets are chosen by the supervisor, which keeps them in a file of mode 0600: the database holds only
digests, and the demo is started beside the issuer rather than after it.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from watchword.admin import apis as admin_apis
from watchword.admin import clients as admin_clients
from watchword.admin.clients import DEFAULT_SCOPES, ClientRequest
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.oauth.bearer import digest
from watchword.store.repositories import apis, clients
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.audit import record
from watchword.store.repositories.clients import Client

READ = Scope("orders:read", "See the orders")
WRITE = Scope("orders:write", "Place orders")


@dataclass(frozen=True, slots=True)
class Quickstart:
    """Names and secrets of the things to be there. ``demo_url`` is the demo's address and the API's identifier."""

    demo_url: str
    api_id: str
    demo_id: str
    demo_secret: str = field(repr=False)
    machine_id: str
    machine_secret: str = field(repr=False)
    command_line_id: str


async def ensure(desk: AdminDesk, wanted: Quickstart) -> str | None:
    """Make what is missing; returns the demo's old address when it has moved.

    Raises:
        InvalidRequestError: a secret was changed since, so the kept one is no longer good.
    """
    return await desk.store.write(lambda connection: _ensure(connection, desk, wanted))


def _ensure(connection: Connection, desk: AdminDesk, wanted: Quickstart) -> str | None:
    url = wanted.demo_url
    moved = _ensure_api(connection, desk, wanted)
    both = (READ.name, WRITE.name)
    pages = ClientRequest(
        name="Orders demo",
        redirect_uris=(f"{url}/callback",),
        post_logout_redirect_uris=(f"{url}/",),
        scopes=(*DEFAULT_SCOPES, *both),
        default_api=url,
    )
    machine = ClientRequest(name="quickstart", api_scopes={url: (READ.name,)}, default_api=url)
    command_line = ClientRequest(
        name="watchword CLI", public=True, redirect_uris=("http://127.0.0.1/callback",), scopes=(*DEFAULT_SCOPES, *both)
    )
    _ensure_client(connection, desk, pages, wanted.demo_id, wanted.demo_secret)
    _ensure_client(connection, desk, machine, wanted.machine_id, wanted.machine_secret)
    _ensure_client(connection, desk, command_line, wanted.command_line_id, None)
    return moved


def _ensure_api(connection: Connection, desk: AdminDesk, wanted: Quickstart) -> str | None:
    api = apis.find_by_id(connection, wanted.api_id) or apis.find(connection, wanted.demo_url)
    if api is None:
        made = Api(
            id=wanted.api_id,
            identifier=wanted.demo_url,
            name="Orders",
            scopes=(READ, WRITE),
            token_lifetime=desk.settings.access_token_lifetime,
            created_at=desk.clock.now(),
        )
        admin_apis.create(connection, desk, made)
        return None
    if api.identifier == wanted.demo_url:
        return None
    if apis.find(connection, wanted.demo_url) is not None:
        raise InvalidRequestError(f"another API is named {wanted.demo_url}: choose another --demo-port")
    old = api.identifier
    apis.update(connection, replace(api, identifier=wanted.demo_url))
    record(connection, desk.entry("api.moved", "api", api.id, **{"from": old, "to": wanted.demo_url}))
    for client in clients.list_all(connection):
        changed = _moved(client, old, wanted.demo_url)
        if changed != client:
            clients.update(connection, changed)
            record(connection, desk.entry("client.updated", "client", client.id, reason="api.moved"))
    return old


def _moved(client: Client, old: str, new: str) -> Client:
    """``client`` with every address below ``old`` put below ``new``."""

    def address(uri: str) -> str:
        return new + uri.removeprefix(old) if uri == old or uri.startswith(f"{old}/") else uri

    def each(uris: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(address, uris))

    return replace(
        client,
        redirect_uris=each(client.redirect_uris),
        post_logout_redirect_uris=each(client.post_logout_redirect_uris),
        allowed_origins=each(client.allowed_origins),
        api_scopes={address(api): scopes for api, scopes in client.api_scopes.items()},
        default_api=None if client.default_api is None else address(client.default_api),
    )


def _ensure_client(
    connection: Connection, desk: AdminDesk, request: ClientRequest, client_id: str, secret: str | None
) -> None:
    expected = None if secret is None else digest(secret)
    stored = clients.find(connection, client_id)
    if stored is None:
        made = request.build(client_id=client_id, secret_hash=expected, now=desk.clock.now())
        admin_clients.create(connection, desk, made)
    elif stored.secret_hash != expected:
        raise InvalidRequestError(
            f"the secret of the client {stored.name} was changed: remove quickstart.json from the data directory, "
            "and new demo clients are made"
        )
