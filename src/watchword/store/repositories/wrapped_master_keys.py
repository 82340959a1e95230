"""The master key, wrapped by a key management service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select

from watchword.store.tables import installation, wrapped_master_keys


@dataclass(frozen=True, slots=True)
class WrappedMasterKey:
    """One key, bound to its installation and to its own id."""

    id: str
    installation_id: str
    provider: str
    key_reference: str
    wrapped: bytes = field(repr=False)

    @property
    def context(self) -> Mapping[str, str]:
        """See `context_of`."""
        return context_of(self.installation_id, self.id)


def context_of(installation_id: str, key_id: str) -> Mapping[str, str]:
    """What a service binds the wrapped key to, and writes into its own log; nothing in it is secret."""
    return {
        "watchword:installation": installation_id,
        "watchword:purpose": "master-key",
        "watchword:key": key_id,
    }


def find(connection: Connection, provider: str) -> WrappedMasterKey | None:
    """The newest key that ``provider`` wrapped for this installation."""
    statement = (
        select(wrapped_master_keys, installation.c.installation_id)
        .join(installation, installation.c.id == 1)
        .where(wrapped_master_keys.c.provider == provider)
        .order_by(wrapped_master_keys.c.created_at.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    return WrappedMasterKey(row.id, row.installation_id, row.provider, row.key_reference, row.wrapped)


def installation_id(connection: Connection) -> str | None:
    """This installation's id; none when there is none yet."""
    return connection.execute(select(installation.c.installation_id)).scalar_one_or_none()


def add(connection: Connection, key: WrappedMasterKey, *, now: float) -> None:
    """Keep ``key``, which nothing is sealed under yet."""
    connection.execute(
        insert(wrapped_master_keys).values(
            id=key.id, provider=key.provider, key_reference=key.key_reference, wrapped=key.wrapped, created_at=now
        )
    )
