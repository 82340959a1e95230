"""The console as a client of its own issuer: registered like any other, and mended when its address has changed."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from watchword.admin import clients as admin_clients
from watchword.admin.clients import SECRET_PREFIX, ClientRequest
from watchword.admin.desk import AdminDesk
from watchword.oauth.bearer import digest
from watchword.store.repositories import clients
from watchword.store.repositories.audit import record

NAME = "Watchword console"
SCOPES = ("openid", "profile", "email")
ID_TOKEN_ALGORITHM = "ES256"  # noqa: S105  the name of an algorithm


@dataclass(frozen=True, slots=True)
class ConsoleClient:
    """Its credentials, which every process derives from the installation's own secret and none stores."""

    client_id: str
    secret: str = field(repr=False)

    @classmethod
    def of(cls, console_secret: bytes) -> "ConsoleClient":
        """The credentials of the installation whose server secret for ``console`` this is."""
        name, secret = (
            hmac.new(console_secret, f"client {part}".encode(), hashlib.sha256).digest() for part in ("id", "secret")
        )
        client_id = base64.b32encode(name).decode("ascii").lower()[:26]
        return cls(client_id, f"{SECRET_PREFIX}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode('ascii')}")


async def ensure(desk: AdminDesk, own: ConsoleClient, *, redirect_uri: str) -> None:
    """Register the console, or bring its redirect URI up to date. Whether it is disabled is the operators' affair."""
    request = ClientRequest(name=NAME, redirect_uris=(redirect_uri,), scopes=SCOPES, id_token_alg=ID_TOKEN_ALGORITHM)
    wanted = request.build(client_id=own.client_id, secret_hash=digest(own.secret), now=desk.clock.now())
    wanted = replace(wanted, grant_types=("authorization_code",))
    found = await desk.store.read(lambda connection: clients.find(connection, own.client_id))
    if found is not None and found == replace(wanted, created_at=found.created_at, status=found.status):
        return

    def job(connection: Connection) -> None:
        stored = clients.find(connection, own.client_id)
        if stored is None:
            admin_clients.create(connection, desk, wanted)
            return
        changed = replace(wanted, created_at=stored.created_at, status=stored.status)
        if changed != stored:
            clients.update(connection, changed)
            record(connection, desk.entry("client.updated", "client", own.client_id, reason="console.moved"))

    await desk.store.write(job)
