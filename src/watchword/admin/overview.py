"""What an operator wants to know first: how the keys are, how much there is, and what was done last."""

from dataclasses import dataclass

from sqlalchemy import Connection

from watchword.admin import audit_trail
from watchword.admin.audit_trail import Trail
from watchword.admin.desk import AdminDesk
from watchword.admin.health import Finding, look_at_ring
from watchword.store.repositories import apis, clients, users

NEWEST = 5


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the installation at one moment."""

    keys: tuple[Finding, ...]
    users: int
    clients: int
    apis: int
    newest: Trail


async def overview(desk: AdminDesk) -> Overview:
    """Look, changing nothing; what reads the whole data file is left to `watchword doctor`."""

    def job(connection: Connection) -> Overview:
        return Overview(
            keys=look_at_ring(connection),
            users=users.count(connection),
            clients=clients.count(connection),
            apis=apis.count(connection),
            newest=audit_trail.newest(connection, limit=NEWEST),
        )

    return await desk.store.read(job)
