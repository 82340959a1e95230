"""Clients: what asks for tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sqlalchemy import Connection

from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError, TakenError, UnknownError
from watchword.issuer.keys.algorithms import require_signing
from watchword.issuer.keys.rotation import KeyStepError
from watchword.jose.algorithms import ALGORITHMS
from watchword.oauth.bearer import digest, new_bearer
from watchword.oauth.redirect_uri import RedirectURIError, check_registrable
from watchword.oauth.scope import is_scope_token
from watchword.store.identifiers import new_id
from watchword.store.repositories import apis, clients, signing_algorithms
from watchword.store.repositories.audit import record
from watchword.store.repositories.clients import Client, Profile

SECRET_PREFIX = "ww_secret"  # noqa: S105  the visible start of a secret, not one
MAX_NAME = 255
# at_hash needs a hash that belongs to the algorithm; for some no specification names one.
ID_TOKEN_ALGORITHMS = tuple(one.name for one in ALGORITHMS if one.hash_name is not None and not one.is_symmetric)
FOUNDING = ("ES256", "RS256")
PROFILES: tuple[Profile, ...] = ("oauth2.1", "oidc")
DEFAULT_SCOPES = ("openid", "profile", "email", "offline_access")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRequest:
    """A client as an operator asks for it.

    With redirect URIs it signs people in (authorization code and refresh tokens); with ``api_scopes`` it acts for
    itself (client credentials); with both it does both. ``api_scopes`` maps an API's identifier to the scopes the
    client has there for itself.
    """

    name: str
    public: bool = False
    redirect_uris: Sequence[str] = ()
    post_logout_redirect_uris: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()
    scopes: Sequence[str] = ()
    api_scopes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    default_api: str | None = None
    id_token_alg: str = "RS256"  # noqa: S105  the name of an algorithm
    profile: Profile = "oauth2.1"

    def problems(self) -> list[str]:
        """Every reason, one sentence each, why there can be no such client."""
        found = [] if self.name.strip() else ["a client needs a name"]
        if len(self.name.strip()) > MAX_NAME:
            found.append(f"the name of a client has {MAX_NAME} characters at most")
        found.extend(problem for uri in self.redirect_uris for problem in _redirect_problems(uri, public=self.public))
        for uri in self.post_logout_redirect_uris:
            found.extend(_redirect_problems(uri, public=self.public))
        found.extend(
            f"{origin!r} is not a web origin such as https://app.example.com"
            for origin in self.allowed_origins
            if not _is_origin(origin)
        )
        named = [*self.scopes, *(scope for scopes in self.api_scopes.values() for scope in scopes)]
        found.extend(f"{scope!r} is not a scope name" for scope in named if not is_scope_token(scope))
        if not self.redirect_uris and not self.api_scopes:
            found.append("a client needs a redirect URI (to sign people in) or scopes at an API (to act for itself)")
        if self.public and self.api_scopes:
            found.append("a public client has no secret, so it cannot act for itself")
        if self.id_token_alg not in ID_TOKEN_ALGORITHMS:
            found.append(f"ID tokens are signed with one of {', '.join(ID_TOKEN_ALGORITHMS)}")
        if self.profile not in PROFILES:
            found.append(f"a profile is one of {', '.join(PROFILES)}")
        return found

    def build(self, *, client_id: str, secret_hash: str | None, now: float) -> Client:
        """The record of this client."""
        grants = ("authorization_code", "refresh_token") if self.redirect_uris else ()
        if self.api_scopes:
            grants = (*grants, "client_credentials")
        return Client(
            id=client_id,
            name=self.name.strip(),
            profile=self.profile,
            auth_method="none" if self.public else "client_secret_basic",
            secret_hash=secret_hash,
            redirect_uris=tuple(self.redirect_uris),
            post_logout_redirect_uris=tuple(self.post_logout_redirect_uris),
            allowed_origins=tuple(self.allowed_origins),
            grant_types=grants,
            scopes=tuple(self.scopes) if self.scopes or not self.redirect_uris else DEFAULT_SCOPES,
            api_scopes={api: tuple(scopes) for api, scopes in self.api_scopes.items()},
            default_api=self.default_api,
            id_token_alg=self.id_token_alg,
            created_at=now,
        )


async def add_client(desk: AdminDesk, request: ClientRequest) -> tuple[Client, str | None]:
    """Register a client.

    Returns:
        The client, and its secret unless it is public; that is not shown again.

    Raises:
        InvalidRequestError: there can be no such client, or it names an API or scope that does not exist.
    """
    problems = request.problems()
    if problems:
        raise InvalidRequestError(*problems)
    secret = None if request.public else new_bearer(SECRET_PREFIX)
    client = request.build(
        client_id=new_id(), secret_hash=None if secret is None else digest(secret), now=desk.clock.now()
    )
    await desk.store.write(lambda connection: create(connection, desk, client))
    return client, secret


async def list_clients(desk: AdminDesk) -> list[Client]:
    """Every client, by name; those that were deleted are gone."""
    found = await desk.store.read(clients.list_all)
    return [client for client in found if client.status != "deleted"]


async def new_secret(desk: AdminDesk, client_id: str) -> str:
    """Give the client another secret; the old one is dead when this returns.

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: it is public, or the console's own.
    """
    secret = new_bearer(SECRET_PREFIX)

    def job(connection: Connection) -> None:
        client = clients.find(connection, client_id)
        if client is None or client.status == "deleted":
            raise UnknownError("there is no such client")
        leave_the_console_in(desk, client)
        if client.is_public:
            raise InvalidRequestError("a public client has no secret")
        if not client.auth_method.startswith("client_secret_"):
            raise InvalidRequestError("this client proves who it is without a secret")
        clients.update(connection, replace(client, secret_hash=digest(secret)))
        record(connection, desk.entry("client.secret_changed", "client", client_id))

    await desk.store.write(job)
    return secret


def leave_the_console_in(desk: AdminDesk, client: Client) -> None:
    """Refuse to change the client of the console: whoever shut it out could not let it in again with it.

    Raises:
        InvalidRequestError: this is that client.
    """
    if client.id == desk.console_client_id:
        raise InvalidRequestError("the console itself signs in with this client, so it stays as it is")


def create(connection: Connection, desk: AdminDesk, client: Client) -> None:
    """Write ``client`` in the caller's transaction.

    Raises:
        TakenError: its id is taken.
        InvalidRequestError: it names an API or a scope that does not exist.
    """
    if clients.find(connection, client.id) is not None:
        raise TakenError("there is a client with that id already")
    problems = [*reference_problems(connection, client), *id_token_problems(connection, client.id_token_alg)]
    if problems:
        raise InvalidRequestError(*problems)
    clients.create(connection, client, now=desk.clock.now())
    record(connection, desk.entry("client.created", "client", client.id, name=client.name))


def id_token_problems(connection: Connection, algorithm: str) -> list[str]:
    """Why ID tokens cannot be signed with ``algorithm`` here, or not yet."""
    if algorithm not in ID_TOKEN_ALGORITHMS:
        return [f"ID tokens are signed with one of {', '.join(ID_TOKEN_ALGORITHMS)}"]
    if not signing_algorithms.list_all(connection):
        # Seeded before the issuer's first start, which makes both keys: see `watchword.config.values.algorithms`.
        return [] if algorithm in FOUNDING else ["start the issuer once, and add this algorithm to its keys"]
    try:
        require_signing(connection, algorithm)
    except KeyStepError as error:
        return [error.sentence]
    return []


def reference_problems(connection: Connection, client: Client) -> list[str]:
    """The APIs and scopes that ``client`` names and that do not exist."""
    problems = []
    if client.default_api is not None and apis.find(connection, client.default_api) is None:
        problems.append(f"there is no API {client.default_api}")
    for identifier, scopes in client.api_scopes.items():
        api = apis.find(connection, identifier)
        if api is None:
            problems.append(f"there is no API {identifier}")
        else:
            missing = [scope for scope in scopes if scope not in api.scope_names]
            problems.extend(f"the API {identifier} has no scope {scope}" for scope in missing)
    return problems


def _redirect_problems(uri: str, *, public: bool) -> list[str]:
    try:
        check_registrable(uri, public_client=public)
    except RedirectURIError as error:
        return [f"{uri!r}: {error.sentence}"]
    return []


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and text == f"{parts.scheme}://{parts.netloc}"
