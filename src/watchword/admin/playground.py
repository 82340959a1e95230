"""What the playground makes and remembers, written as any other operator's action is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from watchword.admin import apis as admin_apis
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.store.errors import MasterKeyError
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, clients, playground_runs
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.clients import Client
from watchword.store.sealing import MasterKey


@dataclass(frozen=True, slots=True)
class KeptState:
    """A part's state as it was read. ``version`` is 0 at the beginning, when there is no ``text``."""

    version: int
    text: bytes | None = field(repr=False)


async def load(desk: AdminDesk, console_secret: bytes, *, user_id: str, part: str) -> KeptState:
    """What the user has reached in ``part``; a state that cannot be opened any more counts as none.

    Args:
        desk: where the operator works.
        console_secret: the installation's own, for the console: what seals the state.
        user_id: whose.
        part: of the playground.
    """
    found = await desk.store.read(lambda connection: playground_runs.find(connection, user_id, part))
    if found is None:
        return KeptState(0, None)
    try:
        return KeptState(
            found.version, MasterKey(console_secret).open(found.sealed_state, purpose=_purpose(user_id, part))
        )
    except MasterKeyError:
        return KeptState(found.version, None)


async def save(
    desk: AdminDesk, console_secret: bytes, text: bytes, *, user_id: str, part: str, expected_version: int
) -> bool:
    """Put ``text`` in place of the version that was read; whether no other tab was quicker."""
    sealed = MasterKey(console_secret).seal(text, purpose=_purpose(user_id, part))
    now = desk.clock.now()
    return await desk.store.write(
        lambda connection: playground_runs.save(
            connection, user_id, part, sealed, expected_version=expected_version, now=now
        )
    )


def _purpose(user_id: str, part: str) -> str:
    """Named whole, so that a row which is moved to another user shows them nothing."""
    return f"playground: {user_id} {part}"


async def ensure_api(desk: AdminDesk, *, identifier: str, name: str, scopes: Sequence[tuple[str, str]]) -> None:
    """Register an API under ``identifier`` with at least these scopes, pairs of name and description.

    Raises:
        InvalidRequestError: there can be no such API.
    """
    wanted = tuple(Scope(scope, description) for scope, description in scopes)
    problems = admin_apis.api_problems(identifier, wanted)
    if problems:
        raise InvalidRequestError(*problems)
    known = await desk.store.read(lambda connection: apis.find(connection, identifier))
    if known is not None and known.scope_names >= {scope.name for scope in wanted}:
        return
    await desk.store.write(lambda connection: _ensure_api(connection, desk, identifier, name, wanted))


def _ensure_api(connection: Connection, desk: AdminDesk, identifier: str, name: str, scopes: Sequence[Scope]) -> None:
    stored = apis.find(connection, identifier)
    if stored is None:
        made = Api(
            id=new_id(),
            identifier=identifier,
            name=name,
            scopes=tuple(scopes),
            token_lifetime=desk.settings.access_token_lifetime,
            created_at=desk.clock.now(),
        )
        admin_apis.create(connection, desk, made)
        return
    missing = tuple(scope for scope in scopes if scope.name not in stored.scope_names)
    if missing:
        admin_apis.add_scopes(connection, desk, stored, missing)


async def find_client(desk: AdminDesk, client_id: str) -> Client | None:
    """The client, if it may still ask for tokens."""
    found = await desk.store.read(lambda connection: clients.find(connection, client_id))
    return found if found is not None and found.status == "active" else None
