"""The installation itself: its secrets, who leads, and what was done by whom."""

from sqlalchemy import JSON, CheckConstraint, Column, Double, ForeignKey, Integer, LargeBinary, String, Table, Text

from watchword.store.tables.metadata import metadata

# One row. `sealed_check` is a known text sealed under the master key: a wrong master key is noticed before anything
# is opened with it, and never answered by making a new one.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("installation_id", String(64), nullable=False),
    Column("issuer", String(512), nullable=False),
    Column("sealed_check", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# One row, written by the newest migration: `revision` may be used by code whose own is `oldest_code` or newer.
schema_compatibility = Table(
    "schema_compatibility",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", String(32), nullable=False),
    Column("oldest_code", String(32), nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# HMAC keys by purpose (csrf, refresh, throttle ...), sealed.
server_secrets = Table(
    "server_secrets",
    metadata,
    Column("purpose", String(64), primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
)

# Written in the transaction of the effect it tells of. `salt` and `seal` are for the chain of digests that a sealer
# lays over the rows afterwards, so that no request waits for a global tail.
audit = Table(
    "audit",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64)),
    Column("action", String(64), nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target_id", String(128), nullable=False, index=True),
    Column("details", JSON, nullable=False),
    Column("correlation_id", String(64)),
    Column("salt", String(32), nullable=False),
    Column("seal_position", Integer, unique=True),
    Column("seal", String(64)),
    CheckConstraint("actor_kind IN ('user', 'client', 'operator', 'system')", name="actor_kind"),
)

# Mail that was written. Nothing sends it yet: a local installation shows it, and it is removed when it has expired.
outbox = Table(
    "outbox",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.id")),
    Column("recipient", String(255), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
    Column("expires_at", Double, nullable=False, index=True),
)

# Leadership with a fencing number: a paused leader's writes name an old fence and touch no row (R59).
leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("expires_at", Double, nullable=False),
)
