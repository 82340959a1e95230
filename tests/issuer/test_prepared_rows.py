"""What the hot statements read of an issuer at work is what SQLAlchemy reads of it."""

import pytest
from sqlalchemy import Connection, select
from tests.issuer.issuing import World

from watchword.store.prepared import Prepared
from watchword.store.repositories import grants, refresh_tokens
from watchword.store.tables import metadata
from watchword.store.tables import refresh_tokens as tokens_table

pytestmark = pytest.mark.anyio


async def test_every_column_of_every_table_comes_as_sqlalchemy_has_it(world: World) -> None:
    """JSON, booleans, times: converted by the type, whichever database it was."""
    await world.sign_in(await world.client())

    def compare(connection: Connection) -> set[str]:
        filled = set()
        for table in metadata.sorted_tables:
            rows = [tuple(row) for row in connection.execute(select(table))]
            found = [tuple(row) for row in Prepared(select(table)).all(connection, {})]
            assert sorted(map(repr, found)) == sorted(map(repr, rows)), table.name
            filled |= {table.name} if rows else set()
        return filled

    filled = await world.issuer.store.read(compare)
    assert {"apis", "clients", "grants", "refresh_tokens", "signing_keys", "users", "sessions"} <= filled


async def test_a_joined_grant_is_the_grant(world: World) -> None:
    await world.sign_in(await world.client())

    def compare(connection: Connection) -> None:
        for row in connection.execute(select(tokens_table.c.token_hash, tokens_table.c.grant_id)).all():
            found = refresh_tokens.find_with_grant(connection, row.token_hash)
            assert found == (
                refresh_tokens.find(connection, row.token_hash),
                grants.find(connection, row.grant_id),
            )
        assert refresh_tokens.find_with_grant(connection, "nobody's") is None

    await world.issuer.store.read(compare)
