"""The installation row, its check of the master key, and the secrets it keeps."""

import pytest
from sqlalchemy import Connection, delete, func, select, update

from watchword.store.engine import Store
from watchword.store.errors import MasterKeyError, NotFoundError
from watchword.store.repositories import installation as repository
from watchword.store.sealing import MasterKey
from watchword.store.tables import (
    authentication_contexts,
    epochs,
    installation,
    journal_head,
    server_secrets,
)

pytestmark = pytest.mark.anyio

WRONG_KEY = MasterKey(bytes(32))


async def test_a_new_installation_has_everything_it_starts_from(store: Store) -> None:
    def look(connection: Connection) -> None:
        row = connection.execute(select(installation)).one()
        assert (row.id, row.issuer, row.created_at) == (1, "http://localhost:8400", 1_790_000_000)
        head = connection.execute(select(journal_head)).one()
        assert head.seq == 0
        assert head.journal_id != row.installation_id
        assert connection.execute(select(epochs)).all() == [("all", "", 0)]
        context = connection.execute(select(authentication_contexts)).one()
        assert (context.acr, context.level, context.methods) == ("urn:watchword:acr:password", 1, ["pwd"])
        assert repository.issuer_of(connection) == "http://localhost:8400"

    await store.read(look)


async def test_each_purpose_has_a_secret_of_its_own(store: Store, master_key: MasterKey) -> None:
    def look(connection: Connection) -> list[bytes]:
        return [repository.server_secret(connection, master_key, purpose) for purpose in repository.SECRET_PURPOSES]

    secrets = await store.read(look)
    assert await store.read(look) == secrets
    assert len(set(secrets)) == len(repository.SECRET_PURPOSES)
    assert {len(secret) for secret in secrets} == {32}


async def test_no_secret_is_stored_in_the_clear(store: Store, master_key: MasterKey) -> None:
    def look(connection: Connection) -> None:
        stored = connection.execute(select(server_secrets.c.purpose, server_secrets.c.sealed_secret)).all()
        assert len(stored) == len(repository.SECRET_PURPOSES)
        for purpose, sealed in stored:
            assert repository.server_secret(connection, master_key, purpose) not in sealed

    await store.read(look)


async def test_a_secret_moved_to_another_purpose_does_not_open(store: Store, master_key: MasterKey) -> None:
    def swap(connection: Connection) -> None:
        sealed = connection.execute(
            select(server_secrets.c.sealed_secret).where(server_secrets.c.purpose == "csrf")
        ).scalar_one()
        connection.execute(
            update(server_secrets).where(server_secrets.c.purpose == "refresh").values(sealed_secret=sealed)
        )

    await store.write(swap)
    with pytest.raises(MasterKeyError):
        await store.read(lambda connection: repository.server_secret(connection, master_key, "refresh"))


async def test_an_unknown_purpose_is_not_found(store: Store, master_key: MasterKey) -> None:
    with pytest.raises(NotFoundError):
        await store.read(lambda connection: repository.server_secret(connection, master_key, "other"))


async def test_the_right_master_key_passes_and_a_wrong_one_is_refused(store: Store, master_key: MasterKey) -> None:
    """R37: a wrong key is noticed, and never answered by making a new one."""
    await store.read(lambda connection: repository.check_master_key(connection, master_key))
    with pytest.raises(MasterKeyError, match="not the one"):
        await store.read(lambda connection: repository.check_master_key(connection, WRONG_KEY))
    with pytest.raises(MasterKeyError):
        await store.read(lambda connection: repository.server_secret(connection, WRONG_KEY, "csrf"))


async def test_initialising_twice_changes_nothing(store: Store, master_key: MasterKey) -> None:
    def everything(connection: Connection) -> list[object]:
        return [
            connection.execute(select(table)).all() for table in (installation, journal_head, server_secrets, epochs)
        ]

    def again(connection: Connection, key: MasterKey) -> None:
        repository.initialise(connection, issuer="http://elsewhere", master_key=key, now=0)

    before = await store.read(everything)
    await store.write(lambda connection: again(connection, master_key))
    with pytest.raises(MasterKeyError):
        await store.write(lambda connection: again(connection, WRONG_KEY))
    assert await store.read(everything) == before


async def test_a_database_that_is_no_installation_is_said_to_be_none(store: Store, master_key: MasterKey) -> None:
    await store.write(lambda connection: connection.execute(delete(installation)).rowcount)
    assert await store.read(repository.issuer_of) is None
    with pytest.raises(NotFoundError):
        await store.read(lambda connection: repository.check_master_key(connection, master_key))
    assert (
        await store.read(lambda connection: connection.execute(select(func.count(installation.c.id))).scalar_one()) == 0
    )
