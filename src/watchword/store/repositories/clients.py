"""Clients: who may ask for tokens, and how each may ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, insert, select
from sqlalchemy import update as update_statement

from watchword.store.prepared import Prepared
from watchword.store.tables import clients, subjects

_FIND = Prepared(select(clients).where(clients.c.id == bindparam("wanted")))

Origin = Literal["operator", "dynamic", "document"]
Profile = Literal["oidc", "oauth2.1", "mcp", "fapi2"]
Status = Literal["active", "disabled", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client.

    ``scopes`` are what a user may grant it; ``api_scopes`` maps the identifier of an API to the scopes the client has
    there for itself (client credentials). ``secret_hash`` is the SHA-256 of a generated secret in hexadecimal, or an
    argon2id string for an imported one.
    """

    id: str
    name: str
    origin: Origin = "operator"
    profile: Profile = "oauth2.1"
    auth_method: str
    secret_hash: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    api_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_api: str | None = None
    id_token_alg: str = "RS256"  # noqa: S105  the name of an algorithm
    status: Status = "active"
    created_at: float

    @property
    def is_public(self) -> bool:
        """Whether it has no credentials of its own: RFC 6749 section 2.1."""
        return self.auth_method == "none"


def find(connection: Connection, client_id: str) -> Client | None:
    """The client ``client_id``, whatever its status; None when there is none."""
    row = _FIND.first(connection, {"wanted": client_id})
    return None if row is None else _client(row)


def list_all(connection: Connection) -> list[Client]:
    """Every client, by name."""
    return [_client(row) for row in connection.execute(select(clients).order_by(clients.c.name, clients.c.id))]


def names(connection: Connection, client_ids: Sequence[str]) -> dict[str, str]:
    """How pages call these clients, by id."""
    rows = connection.execute(select(clients.c.id, clients.c.name).where(clients.c.id.in_(client_ids)))
    return {row.id: row.name for row in rows}


def count(connection: Connection) -> int:
    """How many clients there are, the deleted ones not counted."""
    counted = select(func.count()).select_from(clients).where(clients.c.status != "deleted")
    return connection.execute(counted).scalar_one()


def create(connection: Connection, client: Client, *, now: float) -> None:
    """Write ``client``, and its id into the namespace that users and clients share; ``now`` is UTC epoch seconds."""
    connection.execute(insert(subjects).values(id=client.id, kind="client", created_at=now))
    connection.execute(insert(clients).values(**_columns(client)))


def update(connection: Connection, client: Client) -> None:
    """Write every member of ``client`` over the stored one. To withdraw trust as well, see `issuer.revocation`."""
    connection.execute(update_statement(clients).where(clients.c.id == client.id).values(**_columns(client)))


def origins_allowed(connection: Connection) -> frozenset[str]:
    """The web origins that any active client may call from (CORS)."""
    rows = connection.execute(select(clients.c.allowed_origins).where(clients.c.status == "active"))
    return frozenset(origin for row in rows for origin in row.allowed_origins)


def _columns(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "origin": client.origin,
        "profile": client.profile,
        "auth_method": client.auth_method,
        "secret_hash": client.secret_hash,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "allowed_origins": list(client.allowed_origins),
        "grant_types": list(client.grant_types),
        "scopes": list(client.scopes),
        "api_scopes": {api: list(scopes) for api, scopes in client.api_scopes.items()},
        "default_api": client.default_api,
        "id_token_alg": client.id_token_alg,
        "status": client.status,
        "created_at": client.created_at,
    }


def _client(row: Row[Any]) -> Client:
    return Client(
        id=row.id,
        name=row.name,
        origin=row.origin,
        profile=row.profile,
        auth_method=row.auth_method,
        secret_hash=row.secret_hash,
        redirect_uris=tuple(row.redirect_uris),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        allowed_origins=tuple(row.allowed_origins),
        grant_types=tuple(row.grant_types),
        scopes=tuple(row.scopes),
        api_scopes={api: tuple(scopes) for api, scopes in row.api_scopes.items()},
        default_api=row.default_api,
        id_token_alg=row.id_token_alg,
        status=row.status,
        created_at=row.created_at,
    )
