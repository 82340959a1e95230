"""The installation itself: made once, checked at every start, and renamed only in the open."""

from dataclasses import dataclass

from sqlalchemy import Connection, update

from watchword.admin.desk import OPERATOR
from watchword.store.engine import Store
from watchword.store.repositories.audit import Actor, AuditEntry, record
from watchword.store.repositories.installation import check_master_key, initialise, issuer_of
from watchword.store.schema import current_revision, is_current
from watchword.store.sealing import MasterKey
from watchword.store.tables import installation


@dataclass(frozen=True, slots=True)
class Found:
    """What the database says about itself: schema revision, and the issuer it was made for."""

    revision: str | None
    is_current: bool
    issuer: str | None


async def look(store: Store) -> Found:
    """What is there, before anything is changed."""

    def job(connection: Connection) -> Found:
        current = is_current(connection)
        return Found(current_revision(connection), current, issuer_of(connection) if current else None)

    return await store.read(job)


async def ensure(store: Store, *, issuer: str, master_key: MasterKey, now: float) -> None:
    """Make a migrated database an installation, or check that the master key is its own.

    Raises:
        MasterKeyError: it is another installation's.
    """
    await store.write(lambda connection: initialise(connection, issuer=issuer, master_key=master_key, now=now))


async def check(store: Store, master_key: MasterKey) -> None:
    """Make sure that ``master_key`` is the one this installation was made with.

    Raises:
        MasterKeyError: it is not.
        NotFoundError: this is no installation yet.
    """
    await store.read(lambda connection: check_master_key(connection, master_key))


async def rename(store: Store, *, issuer: str, now: float, actor: Actor = OPERATOR) -> str | None:
    """Record another issuer URL, which ends every token, session cookie and grant made under the old one.

    Returns:
        The old URL, or None when it was this one already.
    """

    def job(connection: Connection) -> str | None:
        old = issuer_of(connection)
        if old is None or old == issuer:
            return None
        connection.execute(update(installation).values(issuer=issuer))
        record(
            connection,
            AuditEntry(now, actor, "issuer.renamed", "issuer", issuer[:128], {"from": old, "to": issuer}),
        )
        return old

    return await store.write(job)
