"""Make what a seed file asks for, in one transaction; doing it again changes nothing.

What the file does not name is left alone. A password is set when the user is made and never after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import urlsplit

from sqlalchemy import Connection

from watchword.admin import apis as admin_apis
from watchword.admin import clients as admin_clients
from watchword.admin import status_list_choice
from watchword.admin import users as admin_users
from watchword.admin.algorithm_choice import change_api
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.admin.seed_file import Seed, SeedApi, SeedClient
from watchword.admin.users import UserRequest
from watchword.issuer.keys.rotation import KeyStepError
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, clients, roles, users
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.audit import record
from watchword.store.repositories.clients import Client

_NO_HASHES: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seeded:
    """Something the seed made: its kind, its name, and for a client its id and generated secret (shown once)."""

    kind: str
    name: str
    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)


async def apply(desk: AdminDesk, seed: Seed) -> list[Seeded]:
    """Make what is missing and bring the rest up to date; returns what was made.

    Raises:
        InvalidRequestError: a client names an API or scope that does not exist; nothing was made.
        WeakPasswordError: anyone would guess a user's password; nothing was made.
    """
    missing = await desk.store.read(
        lambda connection: [user for user in seed.users if users.find_by_identifier(connection, user.email) is None]
    )
    hashes = {user.email: await admin_users.hash_new_password(desk, user) for user in missing}
    return await desk.store.write(lambda connection: make(connection, desk, seed, hashes=hashes))


def make(
    connection: Connection, desk: AdminDesk, seed: Seed, *, hashes: Mapping[str, str | None] = _NO_HASHES
) -> list[Seeded]:
    """`apply` in the caller's transaction; ``hashes`` are the new users' passwords by e-mail address.

    Raises:
        InvalidRequestError: as `apply`.
    """
    made = [_seed_api(connection, desk, api) for api in seed.apis]
    for client in seed.clients:
        secret = client.secret or new_bearer(admin_clients.SECRET_PREFIX)
        made.append(_seed_client(connection, desk, client, secret))
    made += [_seed_user(connection, desk, user, hashes.get(user.email)) for user in seed.users]
    return [one for one in made if one is not None]


def _seed_api(connection: Connection, desk: AdminDesk, wanted: SeedApi) -> Seeded | None:
    api = apis.find(connection, wanted.identifier)
    if api is None:
        made = Api(
            id=new_id(),
            identifier=wanted.identifier,
            name=wanted.name or urlsplit(wanted.identifier).netloc or wanted.identifier,
            scopes=wanted.scopes,
            token_lifetime=wanted.token_lifetime or desk.settings.access_token_lifetime,
            created_at=desk.clock.now(),
        )
        admin_apis.create(connection, desk, made)
        _choose(connection, desk, made, wanted)
        return Seeded("api", made.name)
    changed = replace(
        api,
        name=wanted.name or api.name,
        scopes=_merged(api.scopes, wanted.scopes),
        token_lifetime=wanted.token_lifetime or api.token_lifetime,
    )
    if changed != api:
        apis.update(connection, changed)
        record(connection, desk.entry("api.updated", "api", api.id))
        admin_apis.offer_to_command_line(connection, desk, changed)
    _choose(connection, desk, changed, wanted)
    return None


def _choose(connection: Connection, desk: AdminDesk, api: Api, wanted: SeedApi) -> None:
    if wanted.status_list is not None:
        status_list_choice.change_api(connection, desk, api, wanted=wanted.status_list)
        api = replace(api, status_list=wanted.status_list)
    if wanted.signing_alg is None:
        return
    try:
        change_api(connection, desk, api, wanted.signing_alg)
    except KeyStepError as error:
        raise InvalidRequestError(f"the API {api.identifier}: {error.sentence}") from error


def _merged(stored: tuple[Scope, ...], wanted: tuple[Scope, ...]) -> tuple[Scope, ...]:
    by_name = {scope.name: scope for scope in stored}
    for scope in wanted:
        if scope.description or scope.name not in by_name:
            by_name[scope.name] = scope
    return tuple(by_name.values())


def _seed_client(connection: Connection, desk: AdminDesk, wanted: SeedClient, secret: str) -> Seeded | None:
    stored = _stored_client(connection, wanted)
    secret_hash = None if wanted.request.public else digest(secret)
    if stored is None:
        made = wanted.request.build(client_id=wanted.id or new_id(), secret_hash=secret_hash, now=desk.clock.now())
        admin_clients.create(connection, desk, made)
        _add_roles(connection, desk, "client", made.id, wanted.roles)
        shown = None if wanted.request.public or wanted.secret else secret
        return Seeded("client", made.name, made.id, shown)
    kept = secret_hash if wanted.secret or wanted.request.public else stored.secret_hash
    built = wanted.request.build(client_id=stored.id, secret_hash=kept, now=stored.created_at)
    changed = replace(built, origin=stored.origin, status=stored.status)
    if changed != stored:
        admin_clients.leave_the_console_in(desk, stored)
        problems = admin_clients.reference_problems(connection, changed)
        if changed.id_token_alg != stored.id_token_alg:
            problems.extend(admin_clients.id_token_problems(connection, changed.id_token_alg))
        if changed.secret_hash is None and not changed.is_public:
            problems.append(f"the client {changed.name} was public: it cannot get a secret by seed")
        if problems:
            raise InvalidRequestError(*problems)
        clients.update(connection, changed)
        record(connection, desk.entry("client.updated", "client", stored.id))
    _add_roles(connection, desk, "client", stored.id, wanted.roles)
    return None


def _stored_client(connection: Connection, wanted: SeedClient) -> Client | None:
    if wanted.id is not None:
        return clients.find(connection, wanted.id)
    listed = clients.list_all(connection)
    named = [client for client in listed if client.name == wanted.request.name and client.status != "deleted"]
    if len(named) > 1:
        raise InvalidRequestError(f"several clients are named {wanted.request.name}: give the one in the seed its id")
    return named[0] if named else None


def _seed_user(
    connection: Connection, desk: AdminDesk, wanted: UserRequest, password_hash: str | None
) -> Seeded | None:
    user = users.find_by_identifier(connection, wanted.email)
    if user is None:
        made = wanted.build(password_hash=password_hash, now=desk.clock.now())
        admin_users.create(connection, desk, made, wanted.roles)
        return Seeded("user", made.username)
    admin_users.add_claims(connection, desk, user, wanted.claims)
    _add_roles(connection, desk, "user", user.id, wanted.roles)
    return None


def _add_roles(connection: Connection, desk: AdminDesk, kind: str, subject_id: str, wanted: Sequence[str]) -> None:
    held = roles.roles_of(connection, subject_id)
    added = [role for role in wanted if role not in held]
    for role in added:
        roles.assign(connection, subject_id, role, now=desk.clock.now())
    if added:
        record(connection, desk.entry(f"{kind}.roles_added", kind, subject_id, roles=added))
