"""Live grants by the hundred thousand: rows as the issuer makes them, past the issuer, into its tables."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from benchmarks.trust.installation import Installation
from benchmarks.trust.records import ACR, AUDIENCE, LIFETIME, SCOPES, Machine, by_table, rows_of_people
from benchmarks.verify.progress import say
from sqlalchemy import create_engine, insert

from watchword.oauth.bearer import new_bearer

PEOPLE_EACH = 25_000  # people per piece
GRANTS_EACH = 4  # clients that each person has allowed something


def make_live_grants(installation: Installation, clients: Sequence[Machine], count: int) -> None:
    """``count`` live grants, each with its refresh token, `GRANTS_EACH` to a person, one for each of ``clients``.

    PostgreSQL makes the rows itself, in a fraction of the time that sending them would take.
    """
    names = [client.client_id for client in clients[:GRANTS_EACH]]
    make_piece, finish = _in_postgres(installation, names) if installation.postgres else _in_sqlite(installation, names)
    people, began = count // len(names), time.monotonic()
    for first in range(0, people, PEOPLE_EACH):
        make_piece(first, min(PEOPLE_EACH, people - first))
        done = min(first + PEOPLE_EACH, people) * len(names)
        say(f"{done:,} of {count:,} live grants, {time.monotonic() - began:.0f} s")
    finish()


_Making = tuple[Callable[[int, int], None], Callable[[], None]]


def _in_sqlite(installation: Installation, clients: Sequence[str]) -> _Making:
    """How so many people after the first so many are made, and what is to be done at the end."""
    engine = create_engine(installation.settings.database.url)

    def make(first: int, people: int) -> None:
        del first
        texts = [new_bearer("wwr") for _ in range(people)]
        rows = list(rows_of_people(texts, clients, epochs=[0, 0, 0], now=time.time()))
        with engine.begin() as connection:
            for table, those in by_table(rows):
                connection.execute(insert(table), those)

    def finish() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()

    return make, finish


def _in_postgres(installation: Installation, clients: Sequence[str]) -> _Making:
    assert installation.postgres is not None
    runner = asyncio.Runner()
    connection = runner.run(asyncpg.connect(installation.postgres.url()))
    runner.run(connection.execute("SET session_replication_role = replica"))  # foreign keys hold as they are made
    runner.run(connection.execute("SET synchronous_commit = off"))

    def make(first: int, people: int) -> None:
        for statement in _PEOPLE:
            runner.run(connection.execute(statement, first, people, time.time()))
        for client_id in clients:
            for statement in _GRANTS:
                runner.run(connection.execute(statement, first, people, time.time(), client_id))

    def finish() -> None:
        runner.run(connection.execute("ANALYZE"))
        runner.run(connection.close())
        runner.close()

    return make, finish


# Ids follow from a number, so that rows find each other; they are as long and as scattered as real ones.
_NUMBERS = "generate_series($1::bigint + 1, $1::bigint + $2::bigint) AS n"
_USER = "substr(md5('user' || n), 1, 26)"
_SESSION = "substr(md5('session' || n), 1, 26)"
_GRANT = "substr(md5('grant' || n || $4), 1, 26)"
_SID = "substr(md5('sid' || n || $4), 1, 26)"
_PEOPLE = (
    f"""
    INSERT INTO subjects (id, kind, created_at)
    SELECT {_USER}, 'user', $3::float8 FROM {_NUMBERS}
    """,
    f"""
    INSERT INTO users (id, username, email, email_verified_at, claims, status, created_at)
    SELECT {_USER}, 'person-' || n, 'person-' || n || '@example.com', $3::float8,
           json_build_object('name', 'Person ' || n), 'active', $3::float8
    FROM {_NUMBERS}
    """,
    f"""
    INSERT INTO user_identifiers (identifier, user_id, kind)
    SELECT 'person-' || n, {_USER}, 'username' FROM {_NUMBERS} WHERE $3::float8 > 0
    """,
    f"""
    INSERT INTO sessions (id, cookie_hash, user_id, auth_time, acr, amr, created_at, last_seen_at, expires_at)
    SELECT {_SESSION}, encode(sha256(convert_to('cookie' || n, 'UTF8')), 'hex'), {_USER}, $3::float8, '{ACR}',
           '["pwd"]'::json, $3::float8, $3::float8, $3::float8 + {LIFETIME}
    FROM {_NUMBERS}
    """,
)
_GRANTS = (
    f"""
    INSERT INTO client_sessions (sid, session_id, client_id, created_at)
    SELECT {_SID}, {_SESSION}, $4::text, $3::float8 FROM {_NUMBERS}
    """,
    f"""
    INSERT INTO grants (id, user_id, client_id, session_id, sid, offline, scopes, resources, claims, auth_time, acr,
                        amr, epochs, created_at, expires_at)
    SELECT {_GRANT}, {_USER}, $4::text, {_SESSION}, {_SID}, false, '{json.dumps(SCOPES)}'::json,
           '{json.dumps([AUDIENCE])}'::json, '{{}}'::json, $3::float8, '{ACR}',
           '["pwd"]'::json, '[0, 0, 0]'::json, $3::float8, $3::float8 + {LIFETIME}
    FROM {_NUMBERS}
    """,
    f"""
    INSERT INTO refresh_tokens (token_hash, grant_id, client_id, generation, created_at, expires_at)
    SELECT encode(sha256(convert_to('refresh' || n || $4, 'UTF8')), 'hex'), {_GRANT}, $4::text, 0,
           $3::float8, $3::float8 + {LIFETIME}
    FROM {_NUMBERS}
    """,
)
