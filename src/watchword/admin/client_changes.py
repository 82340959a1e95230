"""Changes to a client that is there: where people come back to, what it may ask for, and whether it may ask at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from watchword.admin.client_review import find
from watchword.admin.clients import ClientRequest, leave_the_console_in
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import InvalidRequestError
from watchword.issuer.revocation import withdraw
from watchword.oauth.scope import STANDARD_SCOPES
from watchword.store.repositories import apis, clients, consents
from watchword.store.repositories.audit import record
from watchword.store.repositories.clients import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """What a client is to have from now on; every list replaces the one there is."""

    name: str
    redirect_uris: Sequence[str] = ()
    post_logout_redirect_uris: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()
    scopes: Sequence[str] = ()


async def change_client(desk: AdminDesk, client_id: str, change: ClientChange) -> Client:
    """Give a client other addresses, origins, scopes or another name.

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: there can be no such client, or no API has a scope that is to be added.
    """

    def job(connection: Connection) -> Client:
        client = find(connection, client_id)
        leave_the_console_in(desk, client)
        problems = [*_problems(client, change), *_scope_problems(connection, client, change.scopes)]
        if problems:
            raise InvalidRequestError(*problems)
        after = replace(
            client,
            name=change.name.strip(),
            redirect_uris=tuple(change.redirect_uris),
            post_logout_redirect_uris=tuple(change.post_logout_redirect_uris),
            allowed_origins=tuple(change.allowed_origins),
            scopes=tuple(change.scopes),
        )
        changed = [name for name in ClientChange.__slots__ if getattr(after, name) != getattr(client, name)]
        if changed:
            clients.update(connection, after)
            record(connection, desk.entry("client.updated", "client", client.id, changed=changed))
        return after

    return await desk.store.write(job)


async def disable_client(desk: AdminDesk, client_id: str) -> None:
    """Answer a client no more, and refuse every token it holds, both at once.

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: it is disabled already.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        client = find(connection, client_id)
        leave_the_console_in(desk, client)
        if client.status != "active":
            raise InvalidRequestError("this client is disabled already")
        clients.update(connection, replace(client, status="disabled"))
        record(connection, desk.entry("client.disabled", "client", client.id))
        withdraw.client(connection, client.id, reason="client_disabled", actor=desk.actor, now=now)

    await desk.store.write(job)


async def enable_client(desk: AdminDesk, client_id: str) -> None:
    """Answer a disabled client again; what it held stays refused.

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: it is not disabled.
    """

    def job(connection: Connection) -> None:
        client = find(connection, client_id)
        if client.status != "disabled":
            raise InvalidRequestError("this client is not disabled")
        clients.update(connection, replace(client, status="active"))
        record(connection, desk.entry("client.enabled", "client", client.id))

    await desk.store.write(job)


async def delete_client(desk: AdminDesk, client_id: str) -> None:
    """Take a client away for good, with what people allowed it, and refuse every token it holds.

    Its record stays as a name for the audit, without its secret: an id is never given to anybody else (RFC 9068,
    section 5).

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: the console signs in with it.
    """
    now = desk.clock.now()

    def job(connection: Connection) -> None:
        client = find(connection, client_id)
        leave_the_console_in(desk, client)
        clients.update(connection, replace(client, status="deleted", secret_hash=None))
        allowed = consents.forget_client(connection, client.id)
        record(connection, desk.entry("client.deleted", "client", client.id, name=client.name, consents=allowed))
        withdraw.client(connection, client.id, reason="client_deleted", actor=desk.actor, now=now)

    await desk.store.write(job)


def _problems(client: Client, change: ClientChange) -> list[str]:
    """Those of a new client like this, but for what cannot be changed here."""
    return ClientRequest(
        name=change.name,
        public=client.is_public,
        redirect_uris=change.redirect_uris,
        post_logout_redirect_uris=change.post_logout_redirect_uris,
        allowed_origins=change.allowed_origins,
        scopes=change.scopes,
        api_scopes={} if client.is_public else client.api_scopes,
    ).problems()


def _scope_problems(connection: Connection, client: Client, scopes: Sequence[str]) -> list[str]:
    added = [scope for scope in scopes if scope not in client.scopes and scope not in STANDARD_SCOPES]
    known = {name for api in apis.list_all(connection) for name in api.scope_names} if added else set()
    return [f"no API has the scope {scope!r}" for scope in added if scope not in known]
