"""Token Status Lists: which place in which list tells whether a grant's tokens for an API are withdrawn."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table, text

from watchword.store.tables.metadata import metadata

# Each API has lists of its own; new places are in its newest.
status_lists = Table(
    "status_lists",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("api_id", String(64), ForeignKey("apis.id"), nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
)

# A place that was given out. `holder` is the grant, or the client that speaks for itself, in which case `grant_id` is
# null. What could withdraw the tokens that name the place never changes in a row: another key or another epoch is
# another row. `withdrawn_at` is for what nothing else tells: that one token was withdrawn by its id.
status_entries = Table(
    "status_entries",
    metadata,
    Column("list_id", String(64), ForeignKey("status_lists.id"), primary_key=True),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("api_id", String(64), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("grant_id", String(64), ForeignKey("grants.id")),
    Column("subject", String(64), nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("kid", String(128), nullable=False),
    Column("subject_epoch", BigInteger, nullable=False),
    Column("client_epoch", BigInteger, nullable=False),
    Column("all_epoch", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("withdrawn_at", Double),
    Index(
        "uq_status_entries_open",
        "holder",
        "api_id",
        "kid",
        "subject_epoch",
        "client_epoch",
        "all_epoch",
        unique=True,
        sqlite_where=text("withdrawn_at IS NULL"),
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
)
