"""Records as the issuer makes them: an API, clients, and people who have allowed something, one or a million."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from benchmarks.trust.installation import Desk, Installation
from benchmarks.verify.progress import say
from sqlalchemy import Connection, Table, create_engine, insert

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
PEOPLE_EACH = 5_000  # people per piece of a bulk insert
GRANTS_EACH = 4  # clients that each person has allowed something
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
        made = list(_rows_of_people(texts, [client.client_id], epochs=in_force, now=time.time()))
        for table, rows in _by_table(made):
            connection.execute(insert(table), rows)
        return [
            Person(one["users"][0]["id"], one["sessions"][0]["id"], one["grants"][0]["id"], client, text)
            for one, text in zip(made, texts, strict=True)
        ]

    return desk.write(job)


def make_live_grants(installation: Installation, clients: Sequence[Machine], count: int) -> None:
    """``count`` live grants, each with its refresh token, `GRANTS_EACH` to a person; past the issuer, into its tables.

    Foreign keys hold by construction and are not checked again.
    """
    names = [client.client_id for client in clients[:GRANTS_EACH]]
    people = count // len(names)
    insert_piece, finish = _bulk(installation)
    began = time.monotonic()
    for first in range(0, people, PEOPLE_EACH):
        texts = [new_bearer("wwr") for _ in range(min(PEOPLE_EACH, people - first))]
        insert_piece(list(_by_table(list(_rows_of_people(texts, names, epochs=[0, 0, 0], now=time.time())))))
        if first % (10 * PEOPLE_EACH) == 0:
            done = (first + len(texts)) * len(names)
            say(f"{done:,} of {count:,} live grants, {time.monotonic() - began:.0f} s")
    finish()


def _rows_of_people(
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
                "acr": "urn:watchword:acr:password",
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
                "acr": "urn:watchword:acr:password",
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


def _by_table(
    people: Sequence[dict[str, list[dict[str, Any]]]],
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    for table in _TABLES:
        yield table, [row for one in people for row in one[table.name]]


_Piece = list[tuple[Table, list[dict[str, Any]]]]


def _bulk(installation: Installation) -> tuple[Callable[[_Piece], None], Callable[[], None]]:
    """How a piece gets into the database fast, and what is to be done at the end."""
    if installation.postgres is None:
        engine = create_engine(installation.settings.database.url)

        def insert_all(piece: _Piece) -> None:
            with engine.begin() as connection:
                for table, rows in piece:
                    connection.execute(insert(table), rows)

        def analyse() -> None:
            with engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
            engine.dispose()

        return insert_all, analyse
    runner = asyncio.Runner()
    connection = runner.run(asyncpg.connect(installation.postgres.url()))
    runner.run(_prepare(connection))

    def finish() -> None:
        runner.run(connection.execute("ANALYZE"))
        runner.run(connection.close())
        runner.close()

    return lambda piece: runner.run(_copy(connection, piece)), finish


async def _prepare(connection: Any) -> None:
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SET synchronous_commit = off")


async def _copy(connection: Any, piece: _Piece) -> None:
    for table, rows in piece:
        columns = list(rows[0])
        binary = [_adapted(table, name) for name in columns]
        records = [[adapt(row[name]) for name, adapt in zip(columns, binary, strict=True)] for row in rows]
        await connection.copy_records_to_table(table.name, records=records, columns=columns)


def _adapted(table: Table, name: str) -> Callable[[Any], Any]:
    if type(table.c[name].type).__name__ == "JSON":
        return partial(json.dumps, separators=(",", ":"))
    return lambda value: value
