"""Records as the issuer makes them: an API, clients, and people who have allowed something, one or a million."""

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.trust.installation import Desk
from sqlalchemy import Connection, Table, insert

from watchword.admin.apis import add_api
from watchword.admin.clients import ClientRequest, add_client
from watchword.admin.desk import AdminDesk
from watchword.oauth.bearer import digest, new_bearer
from watchword.store.identifiers import new_id
from watchword.store.repositories import epochs as epochs_of
from watchword.store.repositories.apis import Scope
from watchword.store.tables import (
    client_sessions,
    grants,
    refresh_tokens,
    sessions,
    subjects,
    user_identifiers,
    users,
)

AUDIENCE = "https://orders.example.com"
SCOPES = ("offline_access", "orders:read")
LIFETIME = 30 * 86_400.0  # seconds, of grants and refresh tokens
ACR = "urn:watchword:acr:password"
_TABLES = (subjects, users, user_identifiers, sessions, client_sessions, grants, refresh_tokens)


@dataclass(frozen=True, slots=True)
class Machine:
    """What authenticates with a secret: an API, or a client that speaks for itself and for people."""

    client_id: str
    secret: str

    @property
    def pair(self) -> tuple[str, str]:
        """Name and secret, as HTTP Basic has them."""
        return self.client_id, self.secret


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in who has allowed one client something."""

    user_id: str
    session_id: str
    grant_id: str
    client: Machine
    refresh_token: str


def make_api(desk: Desk) -> Machine:
    """The API of `AUDIENCE`, as it authenticates."""

    async def make(admin: AdminDesk) -> Machine:
        scopes = [Scope("orders:read", "See the orders")]
        api, secret = await add_api(admin, identifier=AUDIENCE, scopes=scopes, with_secret=True)
        assert secret is not None
        return Machine(api.id, secret)

    return desk.do(make)


def make_machine(desk: Desk, name: str = "Orders desk") -> Machine:
    """A confidential client for both."""

    async def make(admin: AdminDesk) -> Machine:
        request = ClientRequest(
            name=name,
            redirect_uris=["https://desk.example.com/callback"],
            scopes=list(SCOPES),
            api_scopes={AUDIENCE: ["orders:read"]},
            default_api=AUDIENCE,
        )
        client, secret = await add_client(admin, request)
        assert secret is not None
        return Machine(client.id, secret)

    return desk.do(make)


def make_people(desk: Desk, client: Machine, count: int) -> list[Person]:
    """People with the epochs that are in force, in one transaction."""

    def job(connection: Connection) -> list[Person]:
        everything = epochs_of.current(connection, "all", "")
        in_force = [0, epochs_of.current(connection, "client", client.client_id), everything]
        texts = [new_bearer("wwr") for _ in range(count)]
        made = list(rows_of_people(texts, [client.client_id], epochs=in_force, now=time.time()))
        for table, rows in by_table(made):
            connection.execute(insert(table), rows)
        return [
            Person(one["users"][0]["id"], one["sessions"][0]["id"], one["grants"][0]["id"], client, text)
            for one, text in zip(made, texts, strict=True)
        ]

    return desk.write(job)


def rows_of_people(
    texts: Sequence[str], clients: Sequence[str], *, epochs: list[int], now: float
) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """The rows of one person for each of ``texts``, the refresh token of their first client."""
    for text in texts:
        yield _rows_of_person(text, clients, epochs, now)


def _rows_of_person(
    text: str, clients: Sequence[str], epochs: list[int], now: float
) -> dict[str, list[dict[str, Any]]]:
    user_id, session_id, name = new_id(), new_id(), f"person-{secrets.token_hex(8)}"
    email = f"{name}@example.com"
    rows: dict[str, list[dict[str, Any]]] = {
        "subjects": [{"id": user_id, "kind": "user", "created_at": now}],
        "users": [
            {
                "id": user_id,
                "username": name,
                "email": email,
                "email_verified_at": now,
                "claims": {"name": f"Person {name}"},
                "password_hash": None,
                "password_changed_at": None,
                "status": "active",
                "created_at": now,
            }
        ],
        "user_identifiers": [
            {"identifier": name, "user_id": user_id, "kind": "username"},
            {"identifier": email, "user_id": user_id, "kind": "email"},
        ],
        "sessions": [
            {
                "id": session_id,
                "cookie_hash": digest(session_id),
                "user_id": user_id,
                "auth_time": now,
                "acr": ACR,
                "amr": ["pwd"],
                "created_at": now,
                "last_seen_at": now,
                "expires_at": now + LIFETIME,
                "ended_at": None,
            }
        ],
        "client_sessions": [],
        "grants": [],
        "refresh_tokens": [],
    }
    for number, client_id in enumerate(clients):
        grant_id, sid = new_id(), new_id()
        rows["client_sessions"].append(
            {"sid": sid, "session_id": session_id, "client_id": client_id, "created_at": now}
        )
        rows["grants"].append(
            {
                "id": grant_id,
                "user_id": user_id,
                "client_id": client_id,
                "session_id": session_id,
                "sid": sid,
                "offline": False,
                "scopes": list(SCOPES),
                "resources": [AUDIENCE],
                "claims": {},
                "nonce": None,
                "auth_time": now,
                "acr": ACR,
                "amr": ["pwd"],
                "epochs": epochs,
                "created_at": now,
                "expires_at": now + LIFETIME,
                "revoked_at": None,
                "revoked_reason": None,
            }
        )
        rows["refresh_tokens"].append(
            {
                "token_hash": digest(text if number == 0 else f"{text}{number}"),
                "grant_id": grant_id,
                "client_id": client_id,
                "generation": 0,
                "created_at": now,
                "expires_at": now + LIFETIME,
                "used_at": None,
                "successor_hash": None,
            }
        )
    return rows


def by_table(
    people: Sequence[dict[str, list[dict[str, Any]]]],
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    for table in _TABLES:
        yield table, [row for one in people for row in one[table.name]]
