"""Keys, epochs and the journal of withdrawn trust."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from watchword.store.tables.metadata import metadata

# What a partial index covers. Said here and not by SQLAlchemy's ``postgresql_where``, which imports that database's
# dialect into every process that has another.
WHERE = "where"

# next -> active -> retiring -> retired, or compromised from any state. `purpose` is token or feed: feed keys are
# never in the token JWKS.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(128), primary_key=True),
    Column("purpose", String(8), nullable=False),
    Column("algorithm", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("public_jwk", JSON, nullable=False),
    Column("sealed_private_jwk", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("published_at", Double),
    Column("activated_at", Double),
    Column("retiring_at", Double),
    Column("retired_at", Double),
    Column("compromised_at", Double),
    CheckConstraint("purpose IN ('token', 'feed')", name="purpose"),
    CheckConstraint("state IN ('next', 'active', 'retiring', 'retired', 'compromised')", name="state"),
    Index(
        "uq_signing_keys_active",
        "purpose",
        "algorithm",
        unique=True,
        info={WHERE: "state = 'active'"},
    ),
    Index(
        "uq_signing_keys_next",
        "purpose",
        "algorithm",
        unique=True,
        info={WHERE: "state = 'next'"},
    ),
)

# The algorithms that tokens are signed with: the ring's places beside the feed's. A `founding` one was there before any
# token, so that its first key signs at once; one added later is published first. `is_default` signs the access
# tokens of APIs that chose none.
signing_algorithms = Table(
    "signing_algorithms",
    metadata,
    Column("algorithm", String(32), primary_key=True),
    Column("added_at", Double, nullable=False),
    Column("founding", Boolean, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Index("uq_signing_algorithms_default", "is_default", unique=True, info={WHERE: "is_default"}),
)

# An integer that only grows, for `subject`, `client` and `all` (value "").
epochs = Table(
    "epochs",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("value", String(64), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint("kind IN ('subject', 'client', 'all')", name="kind"),
)

# What every verifier mirrors: docs/protocol/revocation.md. `digest` is what goes over the wire.
journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("digest", String(22), nullable=False),
    Column("epoch", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    CheckConstraint("kind IN ('token', 'grant', 'session', 'key', 'subject', 'client', 'all')", name="kind"),
    Index("ix_journal_kind_digest", "kind", "digest"),
)

# One row. `UPDATE ... SET seq = seq + 1 RETURNING seq` is the last statement of a revoking transaction: gapless, and
# in the order of commits, which a database sequence is not.
journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("journal_id", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)
