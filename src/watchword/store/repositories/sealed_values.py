"""Everything that is sealed under the master key, wherever it is kept.

A column of the schema that starts with ``sealed_`` is here, or in `SEALED_OTHERWISE`, where a server secret seals it.
"""

from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, Table, select, update

from watchword.store.repositories.installation import CHECK_PURPOSE, secret_purpose
from watchword.store.tables import installation, server_secrets, signing_keys

SEALED_OTHERWISE = frozenset({"playground_runs.sealed_state"})


@dataclass(frozen=True, slots=True)
class SealedValue:
    """One envelope: the column it is in, the row's key, and what it was sealed for."""

    table: Table
    column: str
    key: str
    purpose: str
    sealed: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """For people: ``signing_keys ABC``."""
        return f"{self.table.name} {self.key}"


def list_all(connection: Connection, *, signing_key_purpose: str) -> list[SealedValue]:
    """Every envelope but the installation's own check."""
    keys = connection.execute(
        select(signing_keys.c.kid, signing_keys.c.sealed_private_jwk).order_by(
            signing_keys.c.created_at, signing_keys.c.kid
        )
    )
    secrets = connection.execute(
        select(server_secrets.c.purpose, server_secrets.c.sealed_secret).order_by(server_secrets.c.purpose)
    )
    return [
        *(SealedValue(signing_keys, "sealed_private_jwk", kid, signing_key_purpose, sealed) for kid, sealed in keys),
        *(
            SealedValue(server_secrets, "sealed_secret", purpose, secret_purpose(purpose), sealed)
            for purpose, sealed in secrets
        ),
    ]


def check_of(connection: Connection) -> SealedValue:
    """The installation's check: it says which master key everything is sealed under."""
    sealed = connection.execute(select(installation.c.sealed_check)).scalar_one()
    return SealedValue(installation, "sealed_check", "1", CHECK_PURPOSE, sealed)


def replace(connection: Connection, value: SealedValue, sealed: bytes) -> bool:
    """Put another envelope in the place of ``value``; False when it is not there any more, or is another one now."""
    column: Column[bytes] = value.table.c[value.column]
    (key,) = value.table.primary_key.columns
    named = int(value.key) if value.table is installation else value.key
    statement = (
        update(value.table).where(key == named, column == value.sealed).values({value.column: sealed}).returning(key)
    )
    return connection.execute(statement).first() is not None
