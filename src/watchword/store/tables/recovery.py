"""What tells that the database is an older copy of itself, and the key that a key management service wrapped."""

from sqlalchemy import BigInteger, Column, Double, LargeBinary, String, Table

from watchword.store.tables.metadata import metadata

# One row for each witness file (`store.witness`). `mark` only grows, and only the holder of the file moves it: in a
# database that was put back it is lower than the file says, whatever the other replicas have done since.
witnesses = Table(
    "witnesses",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("mark", BigInteger, nullable=False),
    Column("seen_at", Double, nullable=False, index=True),
)

# A row for each restore that was acknowledged. `generation` is max(the newest known + 1, unix seconds), so that of two
# databases the one with the greater number has the later acknowledgement.
restores = Table(
    "restores",
    metadata,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("journal_id", String(64), nullable=False),
    Column("acknowledged_at", Double, nullable=False),
)

# The master key as a key management service wrapped it: useless without the service, which never gives its own key
# away. `key_reference` is the service's name for that key.
wrapped_master_keys = Table(
    "wrapped_master_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("provider", String(16), nullable=False),
    Column("key_reference", String(512), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
)
