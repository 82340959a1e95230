"""APIs (RFC 8707 calls them resources): what tokens are for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, insert, select
from sqlalchemy import update as update_statement

from watchword.store.prepared import Prepared
from watchword.store.tables import apis

_FIND = Prepared(select(apis).where(apis.c.identifier == bindparam("wanted")))
_FIND_BY_ID = Prepared(select(apis).where(apis.c.id == bindparam("wanted")))

Status = Literal["active", "disabled"]


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that may be done at an API; the description is for the consent page."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A protected resource. ``token_lifetime`` is in seconds; ``secret_hash`` is what it introspects with.

    ``signing_alg`` signs its access tokens; None: the ring's default does. ``status_list``: each of them names its
    place in a Token Status List.
    """

    id: str
    identifier: str
    name: str
    scopes: tuple[Scope, ...] = ()
    token_lifetime: int = 300
    secret_hash: str | None = field(default=None, repr=False)
    signing_alg: str | None = None
    status_list: bool = False
    status: Status = "active"
    created_at: float

    @property
    def scope_names(self) -> frozenset[str]:
        """The names of its scopes."""
        return frozenset(scope.name for scope in self.scopes)


def find(connection: Connection, identifier: str) -> Api | None:
    """The API that tokens name ``identifier`` (claim ``aud``), whatever its status; None when there is none."""
    row = _FIND.first(connection, {"wanted": identifier})
    return None if row is None else _api(row)


def find_by_id(connection: Connection, api_id: str) -> Api | None:
    """The API whose record is ``api_id``, the name it authenticates under; None when there is none."""
    row = _FIND_BY_ID.first(connection, {"wanted": api_id})
    return None if row is None else _api(row)


def list_all(connection: Connection) -> list[Api]:
    """Every API, by identifier."""
    return [_api(row) for row in connection.execute(select(apis).order_by(apis.c.identifier))]


def names(connection: Connection, api_ids: Sequence[str]) -> dict[str, str]:
    """How pages call these APIs, by id."""
    rows = connection.execute(select(apis.c.id, apis.c.name).where(apis.c.id.in_(api_ids)))
    return {row.id: row.name for row in rows}


def count(connection: Connection) -> int:
    """How many APIs there are."""
    return connection.execute(select(func.count()).select_from(apis)).scalar_one()


def create(connection: Connection, api: Api) -> None:
    """Write ``api``."""
    connection.execute(insert(apis).values(**_columns(api)))


def update(connection: Connection, api: Api) -> None:
    """Write every member of ``api`` over the stored one."""
    connection.execute(update_statement(apis).where(apis.c.id == api.id).values(**_columns(api)))


def _columns(api: Api) -> dict[str, Any]:
    return {
        "id": api.id,
        "identifier": api.identifier,
        "name": api.name,
        "scopes": [{"name": scope.name, "description": scope.description} for scope in api.scopes],
        "token_lifetime": api.token_lifetime,
        "secret_hash": api.secret_hash,
        "signing_alg": api.signing_alg,
        "status_list": api.status_list,
        "status": api.status,
        "created_at": api.created_at,
    }


def _api(row: Row[Any]) -> Api:
    return Api(
        id=row.id,
        identifier=row.identifier,
        name=row.name,
        scopes=tuple(Scope(scope["name"], scope["description"]) for scope in row.scopes),
        token_lifetime=row.token_lifetime,
        secret_hash=row.secret_hash,
        signing_alg=row.signing_alg,
        status_list=row.status_list,
        status=row.status,
        created_at=row.created_at,
    )
