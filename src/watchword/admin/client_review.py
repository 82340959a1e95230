"""Clients with what is to be said of their settings, and the click that mends one of them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.admin import audit_trail
from watchword.admin.audit_trail import Trail
from watchword.admin.client_check import Around
from watchword.admin.client_health import Finding, examine, mended
from watchword.admin.clients import leave_the_console_in
from watchword.admin.desk import AdminDesk
from watchword.admin.errors import UnknownError
from watchword.store.repositories import apis, clients, grants, roles
from watchword.store.repositories.apis import Api
from watchword.store.repositories.audit import record
from watchword.store.repositories.clients import Client

HISTORY = 6


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A client and what the rules find."""

    client: Client
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ClientFile:
    """Everything there is to know of one client; ``history`` holds its newest audit rows."""

    client: Client
    findings: tuple[Finding, ...]
    roles: tuple[str, ...]
    apis: tuple[Api, ...]
    was_used: bool
    history: Trail


async def review_clients(desk: AdminDesk) -> list[Reviewed]:
    """Every client by name, each with what the rules find; four statements, however many clients there are."""

    def job(connection: Connection) -> list[Reviewed]:
        found = clients.list_all(connection)
        known = {api.identifier: api for api in apis.list_all(connection)}
        used = grants.clients_with_grants(connection)
        offline = grants.clients_with_grants(connection, offline=True)
        return [
            Reviewed(client, examine(client, _around(desk, known, client.id in used, client.id in offline)))
            for client in found
            if client.status != "deleted"
        ]

    return await desk.store.read(job)


async def client_file(desk: AdminDesk, client_id: str) -> ClientFile:
    """One client, whole.

    Raises:
        UnknownError: there is no such client.
    """

    def job(connection: Connection) -> ClientFile:
        client = find(connection, client_id)
        around = _look_around(connection, desk, client)
        return ClientFile(
            client=client,
            findings=examine(client, around),
            roles=roles.roles_of(connection, client.id),
            apis=tuple(around.apis.values()),
            was_used=around.was_used,
            history=audit_trail.history(connection, client.id, limit=HISTORY),
        )

    return await desk.store.read(job)


async def mend(desk: AdminDesk, client_id: str, code: str) -> bool:
    """Mend what the rule ``code`` finds; False when there is nothing (any more) that a click can mend.

    Raises:
        UnknownError: there is no such client.
        InvalidRequestError: it is the console's own.
    """

    def job(connection: Connection) -> bool:
        client = find(connection, client_id)
        leave_the_console_in(desk, client)
        after = mended(client, code, _look_around(connection, desk, client))
        if after is None:
            return False
        clients.update(connection, after)
        record(connection, desk.entry("client.mended", "client", client.id, check=code))
        return True

    return await desk.store.write(job)


def find(connection: Connection, client_id: str) -> Client:
    """The client of that id.

    Raises:
        UnknownError: there is none, or none any more.
    """
    client = clients.find(connection, client_id)
    if client is None or client.status == "deleted":
        raise UnknownError("there is no such client")
    return client


def _look_around(connection: Connection, desk: AdminDesk, client: Client) -> Around:
    known = {api.identifier: api for api in apis.list_all(connection)}
    used = grants.clients_with_grants(connection, client_id=client.id)
    offline = grants.clients_with_grants(connection, client_id=client.id, offline=True)
    return _around(desk, known, bool(used), bool(offline))


def _around(desk: AdminDesk, known: dict[str, Api], was_used: bool, was_offline: bool) -> Around:
    return Around(
        apis=known, local=desk.settings.local, now=desk.clock.now(), was_used=was_used, was_offline=was_offline
    )
